package org.registrybbm.migrations.internal.sharing;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.model.MigrationStatus;

/**
 * A migration that has or may want batch jobs, with no more than the sharing of them is decided by: a plan reads one for each active
 * migration.
 *
 * @param priority higher ones are served first
 * @param code what it needs of a replica
 * @param tree whose table it works on
 * @param jobs its batch jobs that are not finished
 * @param standing what a plan would find, as far as the tables tell
 * @param planFailure why it could not be planned last; null when it could
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
    /** What of it is known without asking it. */
    public enum Standing {
        /** It may have batch jobs to hand out, or some to cut. */
        OPEN,
        /** Batch jobs are left, but no worker could be given one now: others hold them, or they wait for their next try. */
        RESTS,
        /** Its next plan may finish or fail it, whether a worker is free or not. */
        ENDS
    }

    /**
     * The code that it is run by.
     *
     * @param missed whether a replica that lacked it has noted so, and none that has it has planned since
     * @param missedTooLong whether that is so long ago that the migration fails
     */
    public record Code(String signature, @Nullable String strategy, boolean missed, boolean missedTooLong) {}

    /**
     * The table.
     *
     * @param kept what its row says of the root
     * @param root the table, or the root of the partition tree that it belongs to, quoted; null when there is no such table
     */
    public record Tree(@Nullable String kept, @Nullable String root) {
        /** Returns whether its row does not say what its root is. */
        boolean isUnknown() {
            return root != null && !root.equals(kept);
        }
    }

    /**
     * Batch jobs that are not finished.
     *
     * @param held how many a worker holds
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

    /** Returns whether its last plan failed and the next one is not due. */
    public boolean isPostponed() {
        return planFailure != null && planFailure.rests();
    }

    /** Returns the same where the code is not here: there is something to plan only when that is to be noted or is the end of it. */
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
