package org.registrybbm.scheduler.chaos;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;

/** The faults of a seed. Each deck of 35 holds every kind, in another order. */
final class FaultScript {
    private final Random random;
    private final Set<String> without;
    private final Deque<Fault> deck = new ArrayDeque<>();

    FaultScript(long seed, Set<String> without) {
        this.without = without;
        this.random = new Random(seed);
    }

    Fault next() {
        if (deck.isEmpty()) {
            List<Fault> fresh = new ArrayList<>();
            add(fresh, 3, () -> new Fault.Kill(place()));
            add(fresh, 2, () -> new Fault.Freeze(place(), freeze()));
            add(fresh, 2, () -> new Fault.CrashServer(millis(0, 2_000)));
            add(fresh, 1, () -> new Fault.TerminateBackend(Fault.Pool.ROWS, random.nextInt(8)));
            add(fresh, 1, () -> new Fault.TerminateBackend(Fault.Pool.QUARTZ, random.nextInt(8)));
            add(fresh, 1, () -> new Fault.CutConnection(Fault.Pool.ROWS, CommitProxy.Cut.BEFORE_COMMIT));
            add(fresh, 2, () -> new Fault.CutConnection(Fault.Pool.ROWS, CommitProxy.Cut.BEFORE_ANSWER));
            add(fresh, 1, () -> new Fault.CutConnection(Fault.Pool.QUARTZ, CommitProxy.Cut.BEFORE_COMMIT));
            add(fresh, 1, () -> new Fault.CutConnection(Fault.Pool.QUARTZ, CommitProxy.Cut.BEFORE_ANSWER));
            add(
                    fresh,
                    1,
                    () -> new Fault.LoseRoute(
                            random.nextBoolean() ? Fault.Pool.ROWS : Fault.Pool.QUARTZ, millis(1_000, 12_000)));
            add(fresh, 2, () -> new Fault.JumpClock(place(), Duration.ofMinutes(random.nextInt(-360, 361))));
            add(fresh, 1, () -> new Fault.ExhaustPool(place(), millis(1_000, 5_000)));
            add(fresh, 2, () -> new Fault.Pause(service(), random.nextInt(1_000), millis(2_500, 5_000)));
            add(
                    fresh,
                    1,
                    () -> new Fault.ChangeBudgets(
                            service(), random.nextInt(0, 4), random.nextInt(200, 5_000), millis(1_000, 5_000)));
            add(fresh, 1, Fault.RollingDeploy::new);
            add(fresh, 1, Fault.RollBack::new);
            add(fresh, 1, () -> new Fault.MoveRows(random.nextInt(5)));
            add(fresh, 1, Fault.EditDefinition::new);
            add(fresh, 1, Fault.EditInVain::new);
            add(fresh, 1, Fault.RestoreTables::new);
            add(
                    fresh,
                    1,
                    () -> new Fault.OldTransaction(
                            service(), random.nextBoolean(), random.nextInt(1_000), millis(3_000, 30_000)));
            add(fresh, 3, this::holdLocks);
            add(fresh, 4, this::breakWork);
            Collections.shuffle(fresh, random);
            fresh.removeIf(fault -> without.contains(fault.getClass().getSimpleName()));
            deck.addAll(fresh);
        }
        return deck.remove();
    }

    /** How long to wait before the next fault, around an average. */
    Duration gap(Duration average) {
        return average.multipliedBy(random.nextInt(20, 181)).dividedBy(100);
    }

    private void add(List<Fault> faults, int count, Supplier<Fault> fault) {
        for (int i = 0; i < count; i++) {
            faults.add(fault.get());
        }
    }

    private Fault holdLocks() {
        Grip grip = Grip.values()[random.nextInt(Grip.values().length)];
        int longest = (int) grip.longest().toMillis();
        return new Fault.HoldLocks(
                service(), grip, random.nextInt(1_000_000), random.nextBoolean(), millis(longest / 10, longest));
    }

    /** A hang in what the fleet waits for is longer than the fleet may wait. */
    private Fault breakWork() {
        Ailment ailment = Ailment.values()[random.nextInt(Ailment.values().length)];
        Ailment.Call call = Ailment.Call.values()[random.nextInt(Ailment.Call.values().length)];
        int calls = ailment == Ailment.HANG ? 1 : random.nextInt(1, 8);
        return new Fault.BreakWork(place(), ailment, call, calls, millis(12_000, 20_000));
    }

    private int service() {
        return random.nextInt(2);
    }

    private int place() {
        return random.nextInt(Replicas.COUNT);
    }

    /** One of four lasts so long that Quartz thinks the replica dead and gives its firings to others. */
    private Duration freeze() {
        return random.nextInt(4) == 0 ? millis(18_000, 25_000) : millis(4_000, 7_000);
    }

    private Duration millis(int from, int to) {
        return Duration.ofMillis(random.nextInt(from, to));
    }
}
