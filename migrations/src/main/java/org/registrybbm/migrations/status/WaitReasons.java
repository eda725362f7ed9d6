package org.registrybbm.migrations.status;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.StandbyQueries;
import org.registrybbm.migrations.internal.registry.RegistryLockQueries;
import org.registrybbm.migrations.internal.sharing.BudgetBook;
import org.registrybbm.migrations.internal.sharing.Contender;
import org.registrybbm.migrations.internal.sharing.ContenderQueries;
import org.registrybbm.migrations.internal.sharing.RowRate;
import org.registrybbm.migrations.internal.strategy.BatchingStrategy;
import org.registrybbm.migrations.internal.strategy.PredicateBatching;
import org.registrybbm.migrations.internal.tables.OldTransactionQueries;

/** Says why a batched migration waits or is slow: because of a budget, another migration, a standby, an old transaction and the like. */
final class WaitReasons {
    /**
     * The age from which an old transaction is named. When it has been open for so long, reading past the rows that were done since takes a
     * noticeable part of each sub-batch.
     */
    static final Duration LONG_TRANSACTION = Duration.ofSeconds(10);

    private static final Reason STANDBY = Reason.of(
            Reason.Code.WAITS_STANDBY,
            "waits for a synchronous standby to confirm commits; look at synchronous_standby_names and pg_stat_replication");

    private static final Reason NO_REPLICA = Reason.of(
            Reason.Code.NO_REPLICA,
            "waits for a replica, but none shows itself on this database; behind a pooler they show themselves only while they work");
    private static final String BUDGETS = "budget";

    private final Map<Long, Seat> seats = new HashMap<>();
    private final int held;
    private final boolean standby;
    private final boolean anyReplica;
    private final Optional<Integer> registry;
    private final Optional<String> oldTransaction;

    /**
     * The place of a migration among the migrations of its table.
     *
     * @param before how many migrations of the table come before this one and could run
     */
    private record Seat(Contender one, Table table, int before) {}

    /** The migrations of one table, and the batch jobs that they hold together. */
    private static final class Table {
        private final List<Contender> busy = new ArrayList<>();
        private final List<Contender> able = new ArrayList<>();
        private int held;

        Seat take(Contender one) {
            Seat seat = new Seat(one, this, able.size());
            held += one.held();
            if (one.held() > 0) {
                busy.add(one);
            }
            if (one.status().isRunnable()
                    && !one.code().missed()
                    && one.planFailure() == null
                    && one.limits().migrationJobs() > 0) {
                able.add(one);
            }
            return seat;
        }
    }

    private WaitReasons(
            List<Contender> all,
            boolean standby,
            boolean anyReplica,
            Optional<Integer> registry,
            Optional<String> oldTransaction) {
        this.standby = standby;
        this.anyReplica = anyReplica;
        this.registry = registry;
        this.oldTransaction = oldTransaction;
        this.held = all.stream().mapToInt(Contender::held).sum();
        Map<String, Table> tables = new HashMap<>();
        for (Contender one : all) {
            String root = one.root();
            Table table = root == null ? new Table() : tables.computeIfAbsent(root, any -> new Table());
            seats.put(one.id(), table.take(one));
        }
    }

    /**
     * Reads everything that may keep migrations from running now.
     *
     * @param longTransaction how long a transaction must have been open to be named
     */
    static WaitReasons of(Connection connection, Duration longTransaction) throws SQLException {
        return new WaitReasons(
                ContenderQueries.contenders(connection, ContenderQueries.Patience.ENDLESS),
                StandbyQueries.isWaitedFor(connection),
                ReplicaQueries.isAnyThere(connection),
                RegistryLockQueries.holder(connection),
                OldTransactionQueries.oldest(connection, longTransaction));
    }

    /** Says why an active or running migration gets no batch job although no worker works on it; empty when nothing here is the reason. */
    Optional<Reason> why(long migrationId) {
        if (standby) {
            return Optional.of(STANDBY);
        }
        return find(migrationId)
                .filter(seat -> seat.one().held() == 0)
                .flatMap(seat -> registry().or(() -> why(seat)));
    }

    /** Says that a migration waits for a worker, or for its turn. */
    Reason turn(long activeJobs) {
        if (!anyReplica) {
            return NO_REPLICA;
        }
        return activeJobs > 0
                ? Reason.of(Reason.Code.WAITS_WORKER, "waits for a worker that is free")
                : Reason.of(Reason.Code.WAITS_TURN, "waits for its turn");
    }

    /** Says why the last plan for an active or running migration failed; empty when it did not fail. */
    Optional<Reason> trouble(long migrationId) {
        return find(migrationId)
                .map(seat -> seat.one().planFailure())
                .map(failure -> Reason.of(
                        Reason.Code.PLAN_FAILED,
                        "could not be planned: " + failure.message() + "; the next try is at " + failure.again()));
    }

    /** Says what slows a running migration down, after a comma; the empty text when nothing does. */
    String pace(long migrationId) {
        Optional<Contender> one = find(migrationId).map(Seat::one);
        return one.map(each -> pace(each.share().rate())).orElse("")
                + one.flatMap(this::behind).orElse("")
                + (standby ? ", " + STANDBY.sentence() : "");
    }

    /**
     * Names an old transaction that makes searches for pending rows slow: rows that are done stay in the index for as long as a transaction
     * may still see them as they were.
     */
    private Optional<String> behind(Contender one) {
        return BatchingStrategy.named(one.code().strategy())
                .filter(PredicateBatching.class::isInstance)
                .flatMap(strategy -> oldTransaction)
                .map(holder -> ", slow because of " + holder
                        + ": until that ends, each search for rows also reads all rows that were done since");
    }

    private Optional<Seat> find(long migrationId) {
        return Optional.ofNullable(seats.get(migrationId));
    }

    private Optional<Reason> registry() {
        return registry.map(pid -> Reason.of(
                Reason.Code.WAITS_REGISTRY,
                "waits for the container registry's own software, which is at work on this database and holds"
                        + " the advisory lock 1 in the session with the process id " + pid));
    }

    private Optional<Reason> why(Seat seat) {
        BudgetBook.Limits limits = seat.one().limits();
        return Stream.of(
                        stopped("the fleet's", limits.fleetJobs(), "--batch-jobs 2"),
                        stopped(
                                "its own",
                                limits.migrationJobs(),
                                Reason.option(seat.one().name()).strip() + " --batch-jobs default"),
                        stopped("its table's", limits.tableJobs(), table(seat.one()) + " --batch-jobs default"),
                        inFront(seat),
                        full("table", seat.table().held, limits.tableJobs()),
                        full("fleet", held, limits.fleetJobs()))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<Reason> stopped(String whose, int limit, String change) {
        return limit == 0
                ? Optional.of(Reason.of(
                                Reason.Code.STOPPED_BY_BUDGET, "stopped by " + whose + " budget, which is 0 batch jobs")
                        .endedBy(BUDGETS + " set " + change))
                : Optional.empty();
    }

    private static String table(Contender one) {
        return "--table " + Reason.typed(String.valueOf(one.root()));
    }

    private static Optional<Reason> full(String whose, int used, int limit) {
        return used >= limit
                ? Optional.of(Reason.of(
                                Reason.Code.WAITS_BUDGET,
                                "waits for a free batch job: %s budget %d of %d used".formatted(whose, used, limit))
                        .endedBy(BUDGETS))
                : Optional.empty();
    }

    private static Optional<Reason> inFront(Seat seat) {
        Table table = seat.table();
        int most = seat.one().limits().tableMigrations();
        if (table.busy.size() >= most) {
            return Optional.of(waitsFor(table.busy.get(0), table.busy.size()));
        }
        return seat.before() >= most ? Optional.of(waitsFor(table.able.get(0), seat.before())) : Optional.empty();
    }

    private static Reason waitsFor(Contender first, int all) {
        int further = all - 1;
        return Reason.of(
                        Reason.Code.WAITS_TABLE,
                        "waits for '" + first.name() + "'"
                                + (further == 0 ? "" : " and " + further + (further == 1 ? " other" : " others"))
                                + " on the same table")
                .endedBy("status", first.name());
    }

    private static String pace(RowRate rate) {
        String own = text(rate.migration(), "");
        String fleet = text(rate.fleet(), " together with the others");
        return rate.fleet() == null || rate.migration() != null && rate.migration() <= rate.fleet() ? own : fleet;
    }

    private static String text(@Nullable Long rate, String with) {
        return rate == null ? "" : ", at most " + rate + " rows a second" + with;
    }
}
