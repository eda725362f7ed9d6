package org.registrybbm.migrations.internal.sharing;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.model.MigrationStatus;

/**
 * Shares free batch jobs among migrations, one at a time. Each goes to the highest priority, then to the migration that has the fewest,
 * then to one that is already running, then to the lowest id. A table belongs to the first of its migrations, in the order of priority,
 * running and id, that have something to do. The others wait until the table is free.
 *
 * <p>How many batch jobs a migration could use is found out by asking: {@link #next} says whom to ask, {@link #answer} takes the result,
 * and {@link #grants} is right once nobody is left to ask. A migration that rests is not asked. A migration that may be at its end is
 * always asked, even if others get everything. There is no input or output here, so every rule can be tested without a database.
 */
public final class Sharing {
    /**
     * How many migrations may be asked in vain in one plan. They rest afterwards, so those behind them are asked by the next plan, and
     * whoever waits for the plan does not wait longer.
     */
    static final int MOST_IN_VAIN = 20;

    /** Orders the migrations of a table by who comes first. */
    static final Comparator<Contender> FIRST_COME = Comparator.comparingInt(Contender::priority)
            .reversed()
            .thenComparing(one -> one.status() != MigrationStatus.RUNNING)
            .thenComparingLong(Contender::id);

    private final List<Contender> contenders;
    private final List<Contender> byNeed;
    private final List<Contender> all;
    private final Map<Long, Integer> asked = new HashMap<>();
    private final Map<Long, Integer> sated = new HashMap<>();
    private final int most;
    private final int held;
    private @Nullable Round round;
    private int position;
    private int inVain;

    /**
     * Starts to share.
     *
     * @param contenders those that may be given batch jobs
     * @param all the contenders, and every other migration of which a worker holds batch jobs
     * @param most how many batch jobs to hand out at most, if no budget allows fewer
     */
    public Sharing(List<Contender> contenders, List<Contender> all, int most) {
        this.most = most;
        this.contenders = contenders.stream().sorted(FIRST_COME).toList();
        this.byNeed = this.contenders.stream()
                .sorted(Comparator.comparingInt(Contender::priority).reversed().thenComparingInt(Contender::held))
                .toList();
        this.all = List.copyOf(all);
        this.held = all.stream().mapToInt(Contender::held).sum();
        for (Contender one : contenders) {
            if (one.standing() == Contender.Standing.RESTS || one.isPostponed()) {
                sated.put(one.id(), 0);
            }
        }
    }

    /** A migration to ask, and how many batch jobs it could be given. */
    public record Ask(Contender contender, int jobs) {}

    /** Returns whom to ask next; empty if the grants are right. */
    public Optional<Ask> next() {
        Round round = round();
        for (; position < contenders.size() && inVain < MOST_IN_VAIN; position++) {
            Contender one = contenders.get(position);
            int wanted = Math.max(round.of(one), round.stands(one) ? 1 : 0);
            if (wanted > asked.getOrDefault(one.id(), 0) && !sated.containsKey(one.id())) {
                return Optional.of(new Ask(one, wanted));
            }
        }
        return Optional.empty();
    }

    /**
     * Takes the answer to a question.
     *
     * @param found how many batch jobs are due, at most as many as were asked for
     */
    public void answer(Ask ask, int found) {
        asked.put(ask.contender().id(), ask.jobs());
        inVain += found == 0 || round().of(ask.contender()) == 0 ? 1 : 0;
        if (found < ask.jobs()) {
            sated.put(ask.contender().id(), found);
            round = null;
        }
    }

    /** Notes that nobody can say now what a migration could use. Its share is kept for it, because another replica is handing it out. */
    public void unknown(Ask ask) {
        asked.put(ask.contender().id(), Integer.MAX_VALUE);
    }

    /** Returns the migrations that are given batch jobs, one entry for each batch job, in the order of the grants. */
    public List<Contender> grants() {
        return round().order;
    }

    /** Returns whether there may be more to hand out than the grants contain. */
    public boolean isCutShort() {
        return inVain >= MOST_IN_VAIN || grants().size() >= most;
    }

    /**
     * Returns the current round. A new one is needed only after an answer that was less than was asked for, because only that changes the
     * result.
     */
    private Round round() {
        Round current = round;
        if (current == null) {
            current = new Round();
            round = current;
            position = 0;
        }
        return current;
    }

    private int demand(Contender one) {
        return sated.getOrDefault(one.id(), Integer.MAX_VALUE);
    }

    /** Returns whether a migration has something to do, as far as is known. Then the migrations behind it on its table have to wait. */
    private boolean isAble(Contender one) {
        return one.held() > 0 || demand(one) > 0 && one.limits().migrationJobs() > 0;
    }

    /** The migrations that share a table, and what they have of it. */
    private static final class Table {
        private int members;
        private int jobs;
        private int busy;
        private int able;
    }

    /**
     * One attempt to share, by what is known so far. What keeps a contender from getting one more only grows within a round, so a contender
     * that is refused once is refused for the rest of the round. Each contender is therefore looked at once, and once more for each grant.
     */
    private final class Round {
        private final List<Contender> order = new ArrayList<>();
        private final Map<Long, Integer> count = new HashMap<>();
        private final Map<String, Table> tables = new HashMap<>();
        private final Set<Long> onTurn = new HashSet<>();

        Round() {
            for (Contender one : all) {
                table(one).ifPresent(table -> {
                    table.members++;
                    table.jobs += one.held();
                    table.busy += one.held() > 0 ? 1 : 0;
                });
            }
            for (Contender one : contenders) {
                Optional<Table> table = table(one);
                // It is this migration's turn if fewer migrations come before it on the table than may run there at
                // once.
                if (table.isEmpty() || table.get().able < one.limits().tableMigrations()) {
                    onTurn.add(one.id());
                }
                table.ifPresent(its -> its.able += isAble(one) ? 1 : 0);
            }
            share();
        }

        /**
         * Hands out the batch jobs. A contender that was given one comes again behind those that have as few. Most contenders are never
         * looked at.
         */
        private void share() {
            Comparator<Contender> fewestFirst = Comparator.comparingInt(Contender::priority)
                    .reversed()
                    .thenComparingInt(one -> one.held() + of(one))
                    .thenComparing(FIRST_COME);
            PriorityQueue<Contender> given = new PriorityQueue<>(fewestFirst);
            int first = 0;
            while (order.size() < most && (first < byNeed.size() || !given.isEmpty())) {
                Contender again = given.peek();
                Contender next =
                        again == null || first < byNeed.size() && fewestFirst.compare(byNeed.get(first), again) < 0
                                ? byNeed.get(first++)
                                : given.remove();
                if (mayHaveOneMore(next)) {
                    grant(next);
                    given.add(next);
                }
            }
        }

        private boolean mayHaveOneMore(Contender one) {
            return of(one) < demand(one)
                    && held + order.size() < one.limits().fleetJobs()
                    && one.held() + of(one) < one.limits().migrationJobs()
                    && table(one).map(table -> hasRoom(table, one)).orElse(true);
        }

        private boolean hasRoom(Table table, Contender one) {
            int others = table.busy - (isBusy(one) ? 1 : 0);
            return table.jobs < one.limits().tableJobs()
                    && others < one.limits().tableMigrations()
                    && isOnTurn(one);
        }

        private void grant(Contender one) {
            boolean wasBusy = isBusy(one);
            order.add(one);
            count.merge(one.id(), 1, Integer::sum);
            table(one).ifPresent(table -> {
                table.jobs++;
                table.busy += wasBusy ? 0 : 1;
            });
        }

        /**
         * Returns whether a migration is asked although it is granted nothing. Either it may be at its end. Or it is its turn while others
         * are still on its table: those must make room only if it can run.
         */
        boolean stands(Contender one) {
            if (one.held() > 0 || one.limits().migrationJobs() == 0 || !isOnTurn(one)) {
                return false;
            }
            return one.standing() == Contender.Standing.ENDS && one.limits().fleetJobs() > 0
                    || order.size() < most
                            && held + order.size() < one.limits().fleetJobs()
                            && table(one).filter(table -> table.members > 1).isPresent();
        }

        private boolean isOnTurn(Contender one) {
            return onTurn.contains(one.id());
        }

        int of(Contender one) {
            return count.getOrDefault(one.id(), 0);
        }

        private boolean isBusy(Contender one) {
            return one.held() + of(one) > 0;
        }

        private Optional<Table> table(Contender one) {
            return Optional.ofNullable(one.root()).map(root -> tables.computeIfAbsent(root, any -> new Table()));
        }
    }
}
