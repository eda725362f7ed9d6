package org.registrybbm.app.internal.cli;

import java.io.PrintStream;
import java.util.List;
import net.sourceforge.argparse4j.impl.Arguments;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.operate.Effect;
import org.registrybbm.app.internal.text.Printable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StatusChange.Decider;
import org.registrybbm.migrations.spi.ReplicaName;

/** What every command that changes something is asked for besides: why, and whether only to say what it would do. */
final class Asked {
    private static final String REASON = "reason";
    private static final String DRY_RUN = "dry-run";
    private static final int MOST_NAMED = 20;

    private Asked() {}

    static void configure(Subparser parser) {
        parser.addArgument("--reason")
                .dest(REASON)
                .metavar("TEXT")
                .help("why, for those who look at it later; it is kept with\nyour name in 'background-migrate events'");
        configureDryRun(parser);
    }

    static void configureDryRun(Subparser parser) {
        parser.addArgument("--dry-run")
                .dest(DRY_RUN)
                .action(Arguments.storeTrue())
                .help("only say what would be changed");
    }

    /** Returns who asks: the user of this machine. */
    static Decider decider(Namespace namespace) {
        String person = System.getProperty("user.name") + "@" + ReplicaName.ofThisHost();
        return new Decider(person, "cli", namespace.getString(REASON));
    }

    static boolean isAskedForDryRun(Namespace namespace) {
        return Boolean.TRUE.equals(namespace.getBoolean(DRY_RUN));
    }

    /** Does what was decided and says on {@code err} what that changed; or only says what it would change, on {@code out}, if that is asked for. */
    static void decide(
            Namespace namespace, BatchedMigrations engine, Decision decision, PrintStream out, PrintStream err) {
        if (!isDry(namespace, engine, decision, out)) {
            print(decision.apply(engine, decider(namespace)), "", "nothing to change", err);
        }
    }

    /** Prints what a decision would change, if that is asked for; returns whether it was. */
    static boolean isDry(Namespace namespace, BatchedMigrations engine, Decision decision, PrintStream out) {
        if (!isAskedForDryRun(namespace)) {
            return false;
        }
        print(decision.preview(engine), "would change ", "nothing would be changed", out);
        return true;
    }

    private static void print(List<Effect> effects, String before, String none, PrintStream stream) {
        if (effects.isEmpty()) {
            stream.println(none);
        }
        effects.stream()
                .limit(MOST_NAMED)
                .forEach(one -> stream.println(before + Printable.of(one.subject()) + ": " + one.text()));
        if (effects.size() > MOST_NAMED) {
            stream.println("and " + (effects.size() - MOST_NAMED) + " more");
        }
        stream.flush();
    }
}
