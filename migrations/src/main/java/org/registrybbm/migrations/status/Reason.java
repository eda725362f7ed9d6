package org.registrybbm.migrations.status;

import java.util.Locale;
import java.util.Optional;

/**
 * What a batched migration is doing, or why it stands still: a code for programs, a sentence for people, and the command that ends it.
 *
 * @param code which of the reasons it is
 * @param sentence one sentence, or the message of a failure
 * @param command what to type, for a shell, without the configuration file; empty if nothing has to be done or no command would help
 */
public record Reason(Code code, String sentence, Optional<String> command) {
    private static final String PROGRAM = "registry background-migrate ";

    /** For whom a migration is of interest, in the order in which it should be read. */
    public enum Attention {
        /** Nothing will happen until a person does something. */
        NEEDS_YOU,
        /** A replica works on it now. */
        AT_WORK,
        /** It waits, and goes on by itself or when somebody starts it again. */
        STANDING,
        /** It is finished. */
        DONE
    }

    /** The reasons. Their names, in lower case, are what programs see; they do not change. */
    public enum Code {
        /** Rows are being changed. */
        RUNNING(Attention.AT_WORK),
        /** All rows are looked at once more, to prove that none is left. */
        VERIFYING(Attention.AT_WORK),
        /** Rows that could not be changed are tried again. */
        RETRYING_ROWS(Attention.AT_WORK),
        /** A batch job waits for a lock that another session holds. */
        LOCK_WAIT(Attention.AT_WORK),
        /** A person paused it. */
        PAUSED(Attention.STANDING),
        /** It is to run after others that are not finished. */
        WAITS_MIGRATION(Attention.STANDING),
        /** Others on the same table are in front of it. */
        WAITS_TABLE(Attention.STANDING),
        /** A budget is used up by others. */
        WAITS_BUDGET(Attention.STANDING),
        /** A batch job waits for a worker that is free. */
        WAITS_WORKER(Attention.STANDING),
        /** It will be planned soon. */
        WAITS_TURN(Attention.STANDING),
        /** A batch job failed and is tried again later. */
        RETRY_BACKOFF(Attention.STANDING),
        /** Planning failed and is tried again later. */
        PLAN_FAILED(Attention.STANDING),
        /** The container registry's own software is at work. */
        WAITS_REGISTRY(Attention.STANDING),
        /** Somebody set it to finished although batch jobs are left; a replica makes it active again. */
        REOPENING(Attention.STANDING),
        /** A replica works on it, but has looked at no row for a quarter of an hour. */
        STALLED(Attention.NEEDS_YOU),
        /** A budget of 0 stops it. */
        STOPPED_BY_BUDGET(Attention.NEEDS_YOU),
        /** No replica is there that could work on it. */
        NO_REPLICA(Attention.NEEDS_YOU),
        /** The replicas that are there do not have its code. */
        MISSING_CODE(Attention.NEEDS_YOU),
        /** The database takes no changes. */
        READ_ONLY(Attention.NEEDS_YOU),
        /** Commits wait for a standby that does not answer. */
        WAITS_STANDBY(Attention.NEEDS_YOU),
        /** Rows that could not be changed wait for a decision. */
        QUARANTINED_ROWS(Attention.NEEDS_YOU),
        /** A batch job used up its attempts, or the definition cannot be run. */
        FAILED(Attention.NEEDS_YOU),
        /** Every batch is done, but nothing has proved that no row is left. */
        UNVERIFIED(Attention.DONE),
        /** Every batch is done, and it was proved that no row is left. */
        VERIFIED(Attention.DONE);

        private final Attention attention;

        Code(Attention attention) {
            this.attention = attention;
        }

        /** Returns for whom migrations with this reason are of interest. */
        public Attention attention() {
            return attention;
        }

        /** Returns the name that programs see. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Creates a reason that no command would end. */
    static Reason of(Code code, String sentence) {
        return new Reason(code, sentence, Optional.empty());
    }

    /** Returns the same reason with a subcommand of the program that ends it, or says more. */
    Reason endedBy(String subcommand) {
        return new Reason(code, sentence, Optional.of(PROGRAM + subcommand));
    }

    /** Returns the same reason with a subcommand for one migration. */
    Reason endedBy(String subcommand, String migration) {
        return endedBy(subcommand + option(migration));
    }

    /** Returns the same reason with another sentence. */
    Reason saying(String other) {
        return new Reason(code, other, command);
    }

    /** Returns the option that names a migration, with a space before it, as it has to be typed in a shell. */
    public static String option(String name) {
        return " --migration" + (name.startsWith("-") ? "=" : " ") + typed(name);
    }

    /** Returns a name as it has to be typed in a shell. */
    static String typed(String name) {
        return name.matches("[A-Za-z0-9_.:/-]+") ? name : "'" + name.replace("'", "'\\''") + "'";
    }
}
