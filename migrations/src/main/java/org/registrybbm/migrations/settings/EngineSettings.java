package org.registrybbm.migrations.settings;

import java.time.Duration;

/**
 * How a replica works. {@link #defaults} suits a production database. The constructors check the range of every value. How much may run at
 * once on all replicas together is not set here but by the budgets in the database.
 *
 * @param maxJobAttempts attempts of a batch job without progress before its migration fails, 1 to 100
 * @param targets how long a batch job and a sub-batch should take
 * @param timeouts the time limits of statements, transactions and leases, and how long the engine waits before it tries again
 * @param longestRetryDelay the longest time between two attempts of a batch job, 0 s to 10 min
 * @param retention how long after a migration has finished its batch jobs are folded and its samples deleted, 1 s to 3,650 d; with zero,
 *     they are kept for ever
 */
public record EngineSettings(
        int maxJobAttempts, Targets targets, Timeouts timeouts, Duration longestRetryDelay, Duration retention) {
    private static final Duration LONGEST_RETRY_DELAY = Duration.ofMinutes(10);
    private static final Duration FOREGROUND_RETRY_DELAY = Duration.ofSeconds(2);
    private static final Duration LONGEST_RETENTION = Duration.ofDays(3_650);
    private static final Duration DEFAULT_RETENTION = Duration.ofDays(30);

    /** Checks the ranges. */
    public EngineSettings {
        range("maxJobAttempts", maxJobAttempts, 1, 100);
        range("longestRetryDelay", longestRetryDelay, Duration.ZERO, LONGEST_RETRY_DELAY);
        if (!retention.isZero()) {
            range("retention", retention, Duration.ofSeconds(1), LONGEST_RETENTION);
        }
    }

    /** Returns the defaults: 5 attempts, batch jobs of 30 s, sub-batches of 500 ms, a retention of 30 days. */
    public static EngineSettings defaults() {
        return new EngineSettings(5, Targets.defaults(), Timeouts.defaults(), LONGEST_RETRY_DELAY, DEFAULT_RETENTION);
    }

    /** Returns a builder that starts with {@link #defaults}. */
    public static Builder builder() {
        return defaults().toBuilder();
    }

    /** Returns a builder that starts with these settings. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** Returns a copy for work in the foreground, where somebody waits for the end: the next attempt follows a failed one within 2 s. */
    public EngineSettings inForeground() {
        return new EngineSettings(maxJobAttempts, targets, timeouts, FOREGROUND_RETRY_DELAY, retention);
    }

    /**
     * Returns how long a batch job waits after a failed attempt.
     *
     * @param attempt the number of the attempt that failed, from 1
     */
    public Duration retryAfter(int attempt) {
        Duration delay = timeouts.retryAfter(attempt);
        return delay.compareTo(longestRetryDelay) < 0 ? delay : longestRetryDelay;
    }

    /**
     * How long work should take. The sizes of batches and sub-batches adapt to these times.
     *
     * @param batch the target time of a batch job, 1 s to 1 h; with zero, every batch has the {@code batch_size} of its migration
     * @param subBatch the target time of a sub-batch, which is one transaction, 10 ms to 30 s
     */
    public record Targets(Duration batch, Duration subBatch) {
        /** Checks the ranges. */
        public Targets {
            if (!batch.isZero()) {
                range("targets.batch", batch, Duration.ofSeconds(1), Duration.ofHours(1));
            }
            range("targets.subBatch", subBatch, Duration.ofMillis(10), Duration.ofSeconds(30));
        }

        /** Returns 30 s and 500 ms. */
        public static Targets defaults() {
            return new Targets(Duration.ofSeconds(30), Duration.ofMillis(500));
        }
    }

    /**
     * The longest time that things may take before they end by themselves, and the time between attempts.
     *
     * @param statement how long one statement of a sub-batch may take, 100 ms to 1 h
     * @param lock how long a sub-batch waits for one row or table lock, 10 ms to 1 min. It should be far below PostgreSQL's
     *     {@code deadlock_timeout} of 1 s, so that in a deadlock the sub-batch gives up and never the application
     * @param idleInTransaction how long a sub-batch's transaction may be idle, for example because its replica is frozen, 100 ms to 1 min
     * @param lease how long a batch job stays with a worker that gives no sign of life between sub-batches, 1 s to 10 min
     * @param retryDelay the time from the first failed attempt of a batch job to the second, 0 s to 10 min. It triples with each further
     *     attempt, up to 10 min
     * @param missingCode how long a migration may wait for a replica that has its code before it fails, 0 s to 1 d
     */
    public record Timeouts(
            Duration statement,
            Duration lock,
            Duration idleInTransaction,
            Duration lease,
            Duration retryDelay,
            Duration missingCode) {
        /** Checks the ranges. */
        public Timeouts {
            range("timeouts.statement", statement, Duration.ofMillis(100), Duration.ofHours(1));
            range("timeouts.lock", lock, Duration.ofMillis(10), Duration.ofMinutes(1));
            range("timeouts.idleInTransaction", idleInTransaction, Duration.ofMillis(100), Duration.ofMinutes(1));
            range("timeouts.lease", lease, Duration.ofSeconds(1), Duration.ofMinutes(10));
            range("timeouts.retryDelay", retryDelay, Duration.ZERO, LONGEST_RETRY_DELAY);
            range("timeouts.missingCode", missingCode, Duration.ZERO, Duration.ofDays(1));
        }

        /** Returns 30 s, 300 ms, 10 s, 10 s, 5 s and 1 min. */
        public static Timeouts defaults() {
            return new Timeouts(
                    Duration.ofSeconds(30),
                    Duration.ofMillis(300),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(5),
                    Duration.ofMinutes(1));
        }

        /**
         * Returns how long a batch job waits after a failed attempt.
         *
         * @param attempt the number of the attempt that failed, from 1
         */
        public Duration retryAfter(int attempt) {
            Duration delay = retryDelay;
            for (int i = 1; i < attempt && delay.compareTo(LONGEST_RETRY_DELAY) < 0; i++) {
                delay = delay.multipliedBy(3);
            }
            return delay.compareTo(LONGEST_RETRY_DELAY) < 0 ? delay : LONGEST_RETRY_DELAY;
        }

        /** Returns how long a statement that reads a whole table may take: 20 times as long as any other. */
        public Duration scan() {
            return statement.multipliedBy(20);
        }

        /** Returns how long the transaction of a sub-batch may take in all, including what its work function does besides SQL. */
        public Duration subBatchLimit() {
            return statement.multipliedBy(2);
        }
    }

    /** Collects settings. A value that is not set keeps what the builder started with. {@link #build} checks the ranges. */
    public static final class Builder {
        private final Duration longestRetryDelay;
        private int maxJobAttempts;
        private Duration batchTarget;
        private Duration subBatchTarget;
        private Duration statement;
        private Duration lock;
        private Duration idleInTransaction;
        private Duration lease;
        private Duration retryDelay;
        private Duration missingCode;
        private Duration retention;

        private Builder(EngineSettings from) {
            longestRetryDelay = from.longestRetryDelay;
            maxJobAttempts = from.maxJobAttempts;
            batchTarget = from.targets.batch;
            subBatchTarget = from.targets.subBatch;
            statement = from.timeouts.statement;
            lock = from.timeouts.lock;
            idleInTransaction = from.timeouts.idleInTransaction;
            lease = from.timeouts.lease;
            retryDelay = from.timeouts.retryDelay;
            missingCode = from.timeouts.missingCode;
            retention = from.retention;
        }

        /** Sets {@link EngineSettings#maxJobAttempts}. */
        public Builder maxJobAttempts(int attempts) {
            this.maxJobAttempts = attempts;
            return this;
        }

        /** Sets {@link Targets#batch}. */
        public Builder batchTarget(Duration target) {
            this.batchTarget = target;
            return this;
        }

        /** Sets {@link Targets#subBatch}. */
        public Builder subBatchTarget(Duration target) {
            this.subBatchTarget = target;
            return this;
        }

        /** Sets {@link Timeouts#statement}. */
        public Builder statementTimeout(Duration timeout) {
            this.statement = timeout;
            return this;
        }

        /** Sets {@link Timeouts#lock}. */
        public Builder lockTimeout(Duration timeout) {
            this.lock = timeout;
            return this;
        }

        /** Sets {@link Timeouts#idleInTransaction}. */
        public Builder idleInTransactionTimeout(Duration timeout) {
            this.idleInTransaction = timeout;
            return this;
        }

        /** Sets {@link Timeouts#lease}. */
        public Builder lease(Duration length) {
            this.lease = length;
            return this;
        }

        /** Sets {@link Timeouts#retryDelay}. */
        public Builder retryDelay(Duration delay) {
            this.retryDelay = delay;
            return this;
        }

        /** Sets {@link Timeouts#missingCode}. */
        public Builder missingCode(Duration grace) {
            this.missingCode = grace;
            return this;
        }

        /** Sets {@link EngineSettings#retention}. */
        public Builder retention(Duration age) {
            this.retention = age;
            return this;
        }

        /**
         * Returns the settings.
         *
         * @throws IllegalArgumentException for a value out of its range
         */
        public EngineSettings build() {
            return new EngineSettings(
                    maxJobAttempts,
                    new Targets(batchTarget, subBatchTarget),
                    new Timeouts(statement, lock, idleInTransaction, lease, retryDelay, missingCode),
                    longestRetryDelay,
                    retention);
        }
    }

    private static void range(String path, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(path + " is " + value + ", allowed is " + min + " to " + max);
        }
    }

    private static void range(String path, Duration value, Duration min, Duration max) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            throw new IllegalArgumentException(path + " is " + value + ", allowed is " + min + " to " + max);
        }
    }
}
