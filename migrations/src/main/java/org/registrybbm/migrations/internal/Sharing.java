package org.registrybbm.migrations.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.registrybbm.migrations.MigrationStatus;
import org.registrybbm.migrations.internal.SharingQueries.Contender;

/**
 * Shares free batch jobs among migrations, one at a time: to the highest priority, then to the migration that has the fewest, then to
 * one that runs already, then by id. A table belongs to the first of its migrations, in the order of priority, running and id, that have
 * something to do; the others wait until it is free.
 *
 * <p>What a migration could use is learnt by asking: {@link #next} says whom, {@link #answer} takes what came of it, and {@link #grants}
 * is right once there is nobody left to ask. No input or output, so that every rule can be tested without a database.
 */
public final class Sharing {
    /** Batch jobs that are handed out beyond those that run, where no budget says less. */
    static final int MOST_AHEAD = 100;

    /** Who comes first on a table. */
    static final Comparator<Contender> FIRST_COME = Comparator.comparingInt(Contender::priority)
            .reversed()
            .thenComparing(one -> one.migration().status() != MigrationStatus.RUNNING)
            .thenComparingLong(Contender::id);

    private final List<Contender> contenders;
    private final Map<String, List<Contender>> onTable;
    private final Set<Long> contending;
    private final Map<Long, Integer> asked = new HashMap<>();
    private final Map<Long, Integer> sated = new HashMap<>();
    private final int held;

    /**
     * Starts a round.
     *
     * @param contenders those that may be given batch jobs
     * @param all these, and every other migration that a worker holds batch jobs of
     */
    public Sharing(List<Contender> contenders, List<Contender> all) {
        this.contenders = contenders.stream().sorted(FIRST_COME).toList();
        this.onTable = all.stream()
                .filter(one -> one.root() != null)
                .collect(Collectors.groupingBy(one -> Objects.requireNonNull(one.root())));
        this.contending = contenders.stream().map(Contender::id).collect(Collectors.toUnmodifiableSet());
        this.held = all.stream().mapToInt(Contender::held).sum();
    }

    /** A migration, and how many batch jobs it could be given. */
    public record Ask(Contender contender, int jobs) {}

    /** Returns whom to ask next; empty when the grants are right. */
    public Optional<Ask> next() {
        Shares shares = share();
        for (Contender one : contenders) {
            int wanted = Math.max(shares.of(one), stands(one, shares) ? 1 : 0);
            if (wanted > asked.getOrDefault(one.id(), 0) && !sated.containsKey(one.id())) {
                return Optional.of(new Ask(one, wanted));
            }
        }
        return Optional.empty();
    }

    /**
     * Takes an answer.
     *
     * @param found batch jobs that are due, at most as many as asked for
     */
    public void answer(Ask ask, int found) {
        asked.put(ask.contender().id(), ask.jobs());
        if (found < ask.jobs()) {
            sated.put(ask.contender().id(), found);
        }
    }

    /** Takes that nothing can be known now: its share is left to it, as somebody else hands it out. */
    public void unknown(Ask ask) {
        asked.put(ask.contender().id(), Integer.MAX_VALUE);
    }

    /** Returns who is given batch jobs, one entry for each, in the order of the grants. */
    public List<Contender> grants() {
        return share().order;
    }

    private Shares share() {
        Shares shares = new Shares();
        while (shares.order.size() < MOST_AHEAD) {
            Optional<Contender> next = contenders.stream()
                    .filter(one -> mayHaveOneMore(one, shares))
                    .min(Comparator.comparingInt(Contender::priority)
                            .reversed()
                            .thenComparingInt(one -> one.held() + shares.of(one))
                            .thenComparing(FIRST_COME));
            if (next.isEmpty()) {
                break;
            }
            shares.grant(next.get());
        }
        return shares;
    }

    private boolean mayHaveOneMore(Contender one, Shares shares) {
        return shares.of(one) < demand(one)
                && held + shares.order.size() < one.limits().fleetJobs()
                && one.held() + shares.of(one) < one.limits().migrationJobs()
                && (one.root() == null || tableMayHaveOneMore(one, shares));
    }

    private boolean tableMayHaveOneMore(Contender one, Shares shares) {
        List<Contender> together = onSameTable(one);
        int jobs = together.stream()
                .mapToInt(other -> other.held() + shares.of(other))
                .sum();
        long others = together.stream()
                .filter(other -> other.id() != one.id())
                .filter(other -> other.held() + shares.of(other) > 0)
                .count();
        return jobs < one.limits().tableJobs() && others < one.limits().tableMigrations() && isItsTurn(one);
    }

    /** Whether fewer migrations of the table come before it than may run there at once. */
    private boolean isItsTurn(Contender one) {
        return onSameTable(one).stream()
                        .filter(other -> contending.contains(other.id()))
                        .filter(other -> FIRST_COME.compare(other, one) < 0 && isAble(other))
                        .count()
                < one.limits().tableMigrations();
    }

    /** Whether it has something to do, as far as is known, so that those behind it on its table have to wait. */
    private boolean isAble(Contender one) {
        return one.held() > 0 || demand(one) > 0 && one.limits().migrationJobs() > 0;
    }

    /** Whether it is its turn but others are still on its table: it is asked all the same, as they must wait only if it can run. */
    private boolean stands(Contender one, Shares shares) {
        return one.root() != null
                && one.held() == 0
                && one.limits().migrationJobs() > 0
                && held + shares.order.size() < one.limits().fleetJobs()
                && isItsTurn(one)
                && onSameTable(one).size() > 1;
    }

    private List<Contender> onSameTable(Contender one) {
        return one.root() == null ? List.of() : onTable.getOrDefault(one.root(), List.of());
    }

    private int demand(Contender one) {
        return sated.getOrDefault(one.id(), Integer.MAX_VALUE);
    }

    /** Who was given how many. */
    private static final class Shares {
        private final List<Contender> order = new ArrayList<>();
        private final Map<Long, Integer> count = new HashMap<>();

        void grant(Contender one) {
            order.add(one);
            count.merge(one.id(), 1, Integer::sum);
        }

        int of(Contender one) {
            return count.getOrDefault(one.id(), 0);
        }
    }
}
