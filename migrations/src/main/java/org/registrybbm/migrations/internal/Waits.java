package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.internal.SharingQueries.Contender;

/** Says which budget, standby or old transaction a batched migration waits for, or is slowed down by. */
final class Waits {
    /** After it, stepping over the rows that were done meanwhile takes a noticeable part of a sub-batch. */
    static final Duration LONG_TRANSACTION = Duration.ofSeconds(10);

    private static final String STANDBY =
            "waits for a synchronous standby to confirm commits; look at synchronous_standby_names and pg_stat_replication";

    private final List<Contender> all;
    private final int held;
    private final boolean standby;
    private final Optional<Integer> registry;
    private final Optional<String> oldTransaction;

    private Waits(List<Contender> all, boolean standby, Optional<Integer> registry, Optional<String> oldTransaction) {
        this.all = all;
        this.standby = standby;
        this.registry = registry;
        this.oldTransaction = oldTransaction;
        this.held = all.stream().mapToInt(Contender::held).sum();
    }

    /**
     * Reads what may keep migrations now.
     *
     * @param longTransaction how long a transaction must have been open to be told of
     */
    static Waits of(Connection connection, Duration longTransaction) throws SQLException {
        return new Waits(
                SharingQueries.contenders(connection),
                StandbyQueries.isWaitedFor(connection),
                RegistryLockQueries.holder(connection),
                OldTransactionQueries.oldest(connection, longTransaction));
    }

    /** Says why an active or running migration that no worker works on is given no batch job; empty when no budget keeps it. */
    Optional<String> why(long migrationId) {
        if (standby) {
            return Optional.of(STANDBY);
        }
        return find(migrationId)
                .filter(one -> one.held() == 0)
                .flatMap(one -> registry().or(() -> why(one)));
    }

    /** Says why an active or running migration could not be planned last; empty when it could. */
    Optional<String> trouble(long migrationId) {
        return find(migrationId)
                .map(Contender::planFailure)
                .map(failure -> "could not be planned: " + failure.message() + "; tried again at " + failure.again());
    }

    /** Says what a migration that runs is slowed down by, with a comma before it; empty text when it goes as fast as it can. */
    String pace(long migrationId) {
        Optional<Contender> one = find(migrationId);
        return one.map(each -> pace(each.rate())).orElse("")
                + one.flatMap(each -> behind(each.migration()))
                        .map(text -> ", " + text)
                        .orElse("")
                + (standby ? ", " + STANDBY : "");
    }

    /** Rows that are done stay in the index for as long as anybody may still see them as they were. */
    private Optional<String> behind(BatchedMigration migration) {
        return BatchingStrategy.named(migration.strategy())
                .filter(PredicateBatching.class::isInstance)
                .flatMap(strategy -> oldTransaction)
                .map(holder -> "slow because of " + holder
                        + ": until that ends, each search for rows steps over all that were done since");
    }

    private Optional<Contender> find(long migrationId) {
        return all.stream().filter(one -> one.id() == migrationId).findFirst();
    }

    private Optional<String> registry() {
        return registry.map(
                pid -> "waits for the container registry's own software, which is at work on this database and holds"
                        + " the advisory lock 1 in the session with the process id " + pid);
    }

    private Optional<String> why(Contender one) {
        List<Contender> onTable = all.stream()
                .filter(other -> one.root() != null && one.root().equals(other.root()))
                .toList();
        int heldOnTable = onTable.stream().mapToInt(Contender::held).sum();
        return Stream.of(
                        full("the fleet's", held, one.limits().fleetJobs(), true),
                        full("its own", one.held(), one.limits().migrationJobs(), true),
                        full("its table's", heldOnTable, one.limits().tableJobs(), true),
                        inFront(one, onTable),
                        full("table", heldOnTable, one.limits().tableJobs(), false),
                        full("fleet", held, one.limits().fleetJobs(), false))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<String> full(String whose, int used, int limit, boolean stopped) {
        if (stopped) {
            return limit == 0
                    ? Optional.of("stopped by " + whose + " budget, which is 0 batch jobs")
                    : Optional.empty();
        }
        return used >= limit
                ? Optional.of("waits for a free batch job: %s budget %d of %d used".formatted(whose, used, limit))
                : Optional.empty();
    }

    private static Optional<String> inFront(Contender one, List<Contender> onTable) {
        List<Contender> others =
                onTable.stream().filter(other -> other.id() != one.id()).toList();
        List<Contender> there =
                others.stream().filter(other -> other.held() > 0).toList();
        if (there.size() >= one.limits().tableMigrations()) {
            return Optional.of(waitsFor(there));
        }
        List<Contender> before = others.stream()
                .filter(other -> other.migration().status().isRunnable())
                .filter(other -> other.migration().codeMissingSince() == null)
                .filter(other -> other.planFailure() == null)
                .filter(other -> other.limits().migrationJobs() > 0)
                .filter(other -> Sharing.FIRST_COME.compare(other, one) < 0)
                .toList();
        return before.size() >= one.limits().tableMigrations() ? Optional.of(waitsFor(before)) : Optional.empty();
    }

    private static String waitsFor(List<Contender> others) {
        int further = others.size() - 1;
        return "waits for '" + others.get(0).migration().name() + "'"
                + (further == 0 ? "" : " and " + further + (further == 1 ? " other" : " others"))
                + " on the same table";
    }

    private static String pace(Rate rate) {
        String own = text(rate.migration(), "");
        String fleet = text(rate.fleet(), " together with the others");
        return rate.fleet() == null || rate.migration() != null && rate.migration() <= rate.fleet() ? own : fleet;
    }

    private static String text(@Nullable Long rate, String with) {
        return rate == null ? "" : ", at most " + rate + " rows a second" + with;
    }
}
