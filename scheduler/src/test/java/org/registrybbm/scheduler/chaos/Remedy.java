package org.registrybbm.scheduler.chaos;

/**
 * What an operator does about rows that refuse, or about a migration that failed for them. Its components come from the seed alone. It may
 * be done once more where nobody knows whether it was done.
 */
sealed interface Remedy {
    /** Does it, where there is anything to do. */
    void at(Target target, Desk desk);

    /** Mends some rows, and has all that is in quarantine tried again, those that nobody mended too. */
    record Mend(int atMost) implements Remedy {
        @Override
        public void at(Target target, Desk desk) {
            desk.mend(target, desk.unsettled(target), atMost, Flaws.MEND);
            desk.retry(target);
        }
    }

    /** Leaves some rows as they are. */
    record Waive(int atMost) implements Remedy {
        @Override
        public void at(Target target, Desk desk) {
            desk.waive(target, atMost);
        }
    }

    /** Mends some rows that were waived: too late, they stay as they are. */
    record MendWaived(int atMost) implements Remedy {
        @Override
        public void at(Target target, Desk desk) {
            // Without a key it would be another row to the engine, which nobody has waived.
            if (target.workload().hasKey()) {
                desk.mend(target, desk.waived(target), atMost, Flaws.WAIVE);
            }
        }
    }

    /** Has everything tried again although nothing was mended. */
    record Retry() implements Remedy {
        @Override
        public void at(Target target, Desk desk) {
            desk.retry(target);
        }
    }

    /** Sets a failed migration to active by plain SQL. */
    record SetActive() implements Remedy {
        @Override
        public void at(Target target, Desk desk) {
            desk.change(target, "status = 1", "status = 3");
        }
    }

    /**
     * Starts a migration again whose work function was broken, by plain SQL or as the command line does.
     *
     * @param bySql which of both
     */
    record StartAgain(boolean bySql) implements Remedy {
        @Override
        public void at(Target target, Desk desk) {
            desk.startAgain(target, bySql);
        }
    }

    /** Changes by plain SQL how many rows may be in quarantine. */
    record SetLimit(int rows) implements Remedy {
        @Override
        public void at(Target target, Desk desk) {
            desk.change(target, "quarantine_limit = " + rows, "status <> 2");
        }
    }
}
