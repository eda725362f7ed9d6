package org.registrybbm.migrations.internal.sharing;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.model.MigrationStatus;

/**
 * A migration that has batch jobs or may want some, with only the facts by which batch jobs are shared. A plan reads one contender for each
 * active migration.
 *
 * @param priority higher ones are served first
 * @param code what the migration needs of a replica
 * @param tree the table that it works on
 * @param jobs its batch jobs that are not finished
 * @param standing what a plan would find, as far as the tables show it
 * @param planFailure why the last plan for it failed; null if it did not
 */
public record Contender(
        long id,
        String name,
        MigrationStatus status,
        int priority,
        Code code,
        Tree tree,
        Jobs jobs,
        Standing standing,
        BudgetBook.Share share,
        PlanFailures.@Nullable PlanFailure planFailure) {
    /** What is known about a migration without asking it. */
    public enum Standing {
        /** It may have batch jobs to hand out, or some to cut. */
        OPEN,
        /** It has batch jobs left, but no worker could be given one now: others hold them, or they wait for their next try. */
        RESTS,
        /** The next plan may finish or fail it, whether a worker is free or not. */
        ENDS
    }

    /**
     * The code that runs a migration.
     *
     * @param missed whether a replica that lacks the code has noted so, and no replica that has it has planned since
     * @param missedTooLong whether that was so long ago that the migration fails
     */
    public record Code(String signature, @Nullable String strategy, boolean missed, boolean missedTooLong) {}

    /**
     * The table of a migration.
     *
     * @param kept the root that the migration's row names
     * @param root the root of the partition tree of the table, or the table itself, quoted; null if there is no such table
     */
    public record Tree(@Nullable String kept, @Nullable String root) {
        /** Returns whether the row does not name the right root. */
        boolean isUnknown() {
            return root != null && !root.equals(kept);
        }
    }

    /**
     * Batch jobs of a migration that are not finished.
     *
     * @param held how many of them workers hold
     * @param offered those that a replica has taken lately and that have not begun
     */
    public record Jobs(int held, List<Long> offered) {}

    public int held() {
        return jobs.held();
    }

    @Nullable
    public String root() {
        return tree.root();
    }

    public BudgetBook.Limits limits() {
        return share.limits();
    }

    /** Returns whether the last plan failed and the next one is not due yet. */
    public boolean isPostponed() {
        return planFailure != null && planFailure.rests();
    }

    /**
     * Returns this contender as a replica without its code sees it. That replica has something to plan only if the missing code must be
     * noted, or if it has been missing for so long that the migration fails.
     */
    public Contender withoutCode() {
        boolean waits = held() > 0 || code.missed() && !code.missedTooLong();
        return with(waits ? Standing.RESTS : Standing.ENDS);
    }

    Contender withRoot(@Nullable String root) {
        Tree other = new Tree(tree.kept(), root);
        return new Contender(id, name, status, priority, code, other, jobs, standing, share, planFailure);
    }

    Contender with(Standing other) {
        return new Contender(id, name, status, priority, code, tree, jobs, other, share, planFailure);
    }
}
