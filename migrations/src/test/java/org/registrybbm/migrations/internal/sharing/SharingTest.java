package org.registrybbm.migrations.internal.sharing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.model.MigrationStatus;

/** Who gets the next free batch job. */
class SharingTest {
    private static final int MANY = 1_000;
    private static final int MOST = 100;
    private static final BudgetBook.Limits WIDE = new BudgetBook.Limits(4, MANY, MANY, MANY);
    private static final BudgetBook.Limits ONE_A_TABLE = new BudgetBook.Limits(4, 2, 2, 1);

    private final Map<Long, Integer> due = new HashMap<>();
    private final List<Long> askedInVain = new ArrayList<>();

    @Test
    void givesOneAfterTheOtherToThoseWithTheFewest() {
        assertThat(grants(active(1, WIDE), active(2, WIDE))).containsExactly(1L, 2L, 1L, 2L);
    }

    @Test
    void aSmallOneGetsTheNextAlthoughABigOneIsInFront() {
        Contender big = held(running(1, WIDE), 3);
        Contender small = active(2, WIDE);

        assertThat(grants(big, small)).containsExactly(2L);
    }

    @Test
    void thePriorityGoesBeforeEverything() {
        Contender busy = held(priority(active(3, new BudgetBook.Limits(5, 4, MANY, MANY)), 1), 2);
        Contender idle = running(1, new BudgetBook.Limits(5, 4, MANY, MANY));

        assertThat(grants(idle, busy)).containsExactly(3L, 3L, 1L);
    }

    @Test
    void runningGoesBeforeActiveAndThenTheOlderOne() {
        assertThat(grants(active(1, WIDE), running(7, WIDE), running(5, WIDE))).containsExactly(5L, 7L, 1L, 5L);
    }

    @Test
    void whatOneCannotUseGoesToTheOthers() {
        due.put(1L, 1);
        due.put(2L, 0);

        assertThat(grants(active(1, WIDE), active(2, WIDE), active(3, WIDE))).containsExactly(1L, 3L, 3L, 3L);
    }

    @Test
    void neverGivesMoreThanABudget() {
        BudgetBook.Limits tight = new BudgetBook.Limits(5, 3, 2, MANY);
        assertThat(grants(onTable(held(active(1, tight), 1), "a"), onTable(active(2, tight), "b")))
                .containsExactly(2L, 1L, 2L);
        assertThat(grants(active(1, new BudgetBook.Limits(0, 2, 2, 2)))).isEmpty();
        assertThat(grants(active(1, new BudgetBook.Limits(2, 0, 2, 2)))).isEmpty();
    }

    @Test
    void givesSomeAheadAndNotAllWhereNothingIsLimited() {
        BudgetBook.Limits none =
                new BudgetBook.Limits(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);

        assertThat(grants(active(1, none))).hasSize(MOST);
    }

    @Test
    void aTableBelongsToTheFirstOfItsMigrations() {
        Contender first = onTable(active(1, ONE_A_TABLE), "t");
        Contender second = onTable(active(2, ONE_A_TABLE), "t");
        Contender elsewhere = onTable(active(3, ONE_A_TABLE), "u");

        assertThat(grants(first, second, elsewhere)).containsExactly(1L, 3L, 1L, 3L);
    }

    @Test
    void theNextOneOfATableStartsWhenTheFirstHasNothingToDo() {
        due.put(1L, 0);

        assertThat(grants(onTable(active(1, ONE_A_TABLE), "t"), onTable(active(2, ONE_A_TABLE), "t")))
                .containsExactly(2L, 2L);
    }

    @Test
    void theNextOneOfATableWaitsForTheLastBatchJobOfTheFirst() {
        due.put(1L, 0);

        assertThat(grants(onTable(held(running(1, ONE_A_TABLE), 1), "t"), onTable(active(2, ONE_A_TABLE), "t")))
                .isEmpty();
    }

    @Test
    void aPausedOneThatStillRunsKeepsTheTable() {
        Contender paused = onTable(held(contender(1, MigrationStatus.PAUSED, ONE_A_TABLE), 1), "t");
        Contender next = onTable(active(2, ONE_A_TABLE), "t");

        assertThat(grants(List.of(next), List.of(paused, next))).isEmpty();
    }

    @Test
    void aMigrationWithoutBatchJobsToRunIsPassedOver() {
        Contender stopped = onTable(active(1, new BudgetBook.Limits(4, 0, 2, 1)), "t");

        assertThat(grants(stopped, onTable(active(2, ONE_A_TABLE), "t"))).containsExactly(2L, 2L);
    }

    @Test
    void anEarlierOneThatHasSomethingToDoAgainIsLetIn() {
        Contender later = onTable(held(running(2, ONE_A_TABLE), 1), "t");
        Contender earlier = onTable(running(1, ONE_A_TABLE), "t");

        assertThat(grants(later, earlier)).as("the later one is given no more").isEmpty();

        due.put(1L, 0);
        assertThat(grants(later, earlier))
                .as("until it is known that there is nothing")
                .containsExactly(2L);
        assertThat(askedInVain).contains(1L);
    }

    @Test
    void aTableMayTakeMore() {
        BudgetBook.Limits two = new BudgetBook.Limits(10, 2, 3, 2);

        assertThat(grants(onTable(active(1, two), "t"), onTable(active(2, two), "t"), onTable(active(3, two), "t")))
                .containsExactly(1L, 2L, 1L);
    }

    @Test
    void leavesTheShareOfOneThatAnotherReplicaPlans() {
        Sharing sharing =
                new Sharing(List.of(active(1, WIDE), active(2, WIDE)), List.of(active(1, WIDE), active(2, WIDE)), MANY);
        for (Optional<Sharing.Ask> ask = sharing.next(); ask.isPresent(); ask = sharing.next()) {
            if (ask.get().contender().id() == 1) {
                sharing.unknown(ask.get());
            } else {
                sharing.answer(ask.get(), ask.get().jobs());
            }
        }

        assertThat(sharing.grants().stream().map(Contender::id)).containsExactly(1L, 2L, 1L, 2L);
    }

    @Test
    void isQuickWithManyMigrations() {
        List<Contender> many = LongStream.range(0, 10_000)
                .mapToObj(id ->
                        onTable(active(id, new BudgetBook.Limits(Integer.MAX_VALUE, 2, 2, 1)), "t" + id % 5_000))
                .toList();

        assertThat(grants(many, many)).hasSize(MOST);
    }

    private List<Long> grants(Contender... contenders) {
        return grants(List.of(contenders), List.of(contenders));
    }

    private List<Long> grants(List<Contender> contenders, List<Contender> all) {
        Sharing sharing = new Sharing(contenders, all, MOST);
        for (Optional<Sharing.Ask> next = sharing.next(); next.isPresent(); next = sharing.next()) {
            Sharing.Ask ask = next.get();
            int found = Math.min(ask.jobs(), due.getOrDefault(ask.contender().id(), Integer.MAX_VALUE));
            if (found == 0) {
                askedInVain.add(ask.contender().id());
            }
            sharing.answer(ask, found);
        }
        return sharing.grants().stream().map(Contender::id).toList();
    }

    private static Contender active(long id, BudgetBook.Limits limits) {
        return contender(id, MigrationStatus.ACTIVE, limits);
    }

    private static Contender running(long id, BudgetBook.Limits limits) {
        return contender(id, MigrationStatus.RUNNING, limits);
    }

    private static Contender held(Contender one, int held) {
        return new Contender(
                one.id(),
                one.name(),
                one.status(),
                one.priority(),
                one.code(),
                one.tree(),
                new Contender.Jobs(held, List.of()),
                one.standing(),
                one.share(),
                null);
    }

    private static Contender priority(Contender one, int priority) {
        return new Contender(
                one.id(),
                one.name(),
                one.status(),
                priority,
                one.code(),
                one.tree(),
                one.jobs(),
                one.standing(),
                one.share(),
                null);
    }

    private static Contender onTable(Contender one, @Nullable String root) {
        return one.withRoot(root);
    }

    private static Contender contender(long id, MigrationStatus status, BudgetBook.Limits limits) {
        return new Contender(
                id,
                "m" + id,
                status,
                0,
                new Contender.Code("work", null, false, false),
                new Contender.Tree(null, "public.t" + id),
                new Contender.Jobs(0, List.of()),
                Contender.Standing.OPEN,
                new BudgetBook.Share(limits, new RowRate(null, null)),
                null);
    }
}
