package org.registrybbm.app.internal.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.stream.Collectors;
import net.sourceforge.argparse4j.inf.Namespace;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.text.Printable;
import org.registrybbm.migrations.BatchedMigrations;
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
            say(engine.store().pause(names, Asked.decider(namespace)), START, err);
        }
    }

    static void start(
            Namespace namespace, BatchedMigrations engine, List<String> names, PrintStream out, PrintStream err) {
        if (!Asked.isDry(namespace, engine, new Decision.Start(names), out)) {
            say(engine.store().start(names, Asked.decider(namespace)), PAUSE, err);
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
}
