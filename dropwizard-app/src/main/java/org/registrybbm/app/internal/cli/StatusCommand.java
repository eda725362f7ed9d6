package org.registrybbm.app.internal.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import net.sourceforge.argparse4j.inf.Namespace;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.text.Printable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StatusChange;
import org.registrybbm.migrations.status.Reason;

/** Runs {@code background-migrate pause} and {@code start}, which say what they changed and how to undo it. */
final class StatusCommand {
    static final String PAUSE = "pause";
    static final String START = "start";

    private static final int MOST_NAMED = 20;

    private StatusCommand() {}

    static void pause(
            Namespace namespace, BatchedMigrations engine, List<String> names, PrintStream out, PrintStream err) {
        if (!Asked.isDry(namespace, engine, new Decision.Pause(names), out)) {
            List<StatusChange> changes = engine.store().pause(names, Asked.decider(namespace));
            say(changes, START, err);
            sayLeft(engine, names, changes, err);
        }
    }

    static void start(
            Namespace namespace, BatchedMigrations engine, List<String> names, PrintStream out, PrintStream err) {
        if (!Asked.isDry(namespace, engine, new Decision.Start(names), out)) {
            List<StatusChange> changes = engine.store().start(names, Asked.decider(namespace));
            say(changes, PAUSE, err);
            sayLeft(engine, names, changes, err);
        }
    }

    private static void say(List<StatusChange> changes, String undo, PrintStream err) {
        if (changes.isEmpty()) {
            err.println("nothing to change");
            return;
        }
        changes.stream()
                .limit(MOST_NAMED)
                .forEach(one -> err.println(Printable.of(one.name()) + ": "
                        + one.from().word() + " -> " + one.to().word()));
        if (changes.size() > MOST_NAMED) {
            err.println("and " + (changes.size() - MOST_NAMED) + " more; 'background-migrate status' lists them");
        } else {
            err.println(changes.stream()
                    .map(one -> Printable.of(Reason.option(one.name())))
                    .collect(Collectors.joining("", "undo: registry background-migrate " + undo, "")));
        }
    }

    /** Says of those that were named and stayed as they are why, and what would change a failed one. */
    private static void sayLeft(
            BatchedMigrations engine, List<String> names, List<StatusChange> changes, PrintStream err) {
        Set<String> changed = changes.stream().map(StatusChange::name).collect(Collectors.toSet());
        if (changed.containsAll(names)) {
            return;
        }
        engine.store().list(names).stream()
                .filter(one -> !changed.contains(one.name()))
                .forEach(one -> err.println(
                        Printable.of(one.name()) + " stays " + one.status().word()
                                + (one.status() == MigrationStatus.FAILED
                                        ? "; once its cause is mended: registry background-migrate retry"
                                                + Printable.of(Reason.option(one.name()))
                                        : "")));
    }
}
