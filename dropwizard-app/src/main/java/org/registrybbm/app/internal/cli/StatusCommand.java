package org.registrybbm.app.internal.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.stream.Collectors;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.registrybbm.app.internal.text.Printable;
import org.registrybbm.migrations.MigrationStore;
import org.registrybbm.migrations.model.StatusChange;
import org.registrybbm.migrations.model.StatusChange.Decider;
import org.registrybbm.migrations.spi.ReplicaName;
import org.registrybbm.migrations.status.Reason;

/** Runs {@code background-migrate pause} and {@code start}, which say what they changed and how to undo it. */
final class StatusCommand {
    static final String PAUSE = "pause";
    static final String START = "start";

    private static final String REASON = "reason";
    private static final int MOST_NAMED = 20;

    private StatusCommand() {}

    static void configureReason(Subparser parser) {
        parser.addArgument("--reason")
                .dest(REASON)
                .metavar("TEXT")
                .help("why, for those who look at it later; it is kept with\nyour name in 'background-migrate events'");
    }

    static void pause(Namespace namespace, MigrationStore store, List<String> names, PrintStream err) {
        say(store.pause(names, decider(namespace)), START, err);
    }

    static void start(Namespace namespace, MigrationStore store, List<String> names, PrintStream err) {
        say(store.start(names, decider(namespace)), PAUSE, err);
    }

    private static Decider decider(Namespace namespace) {
        String person = System.getProperty("user.name") + "@" + ReplicaName.ofThisHost();
        return new Decider(person, "cli", namespace.getString(REASON));
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
