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
            add(fresh, 2, () -> new Fault.TerminateBackend(Fault.Pool.ROWS, random.nextInt(6)));
            add(fresh, 2, () -> new Fault.TerminateBackend(Fault.Pool.QUARTZ, random.nextInt(6)));
            add(fresh, 2, () -> new Fault.CutConnection(Fault.Pool.ROWS, CommitProxy.Cut.BEFORE_COMMIT));
            add(fresh, 3, () -> new Fault.CutConnection(Fault.Pool.ROWS, CommitProxy.Cut.BEFORE_ANSWER));
            add(fresh, 1, () -> new Fault.CutConnection(Fault.Pool.QUARTZ, CommitProxy.Cut.BEFORE_COMMIT));
            add(fresh, 1, () -> new Fault.CutConnection(Fault.Pool.QUARTZ, CommitProxy.Cut.BEFORE_ANSWER));
            add(
                    fresh,
                    1,
                    () -> new Fault.LoseRoute(
                            random.nextBoolean() ? Fault.Pool.ROWS : Fault.Pool.QUARTZ, millis(1_000, 12_000)));
            add(fresh, 3, () -> new Fault.JumpClock(place(), Duration.ofMinutes(random.nextInt(-360, 361))));
            add(fresh, 2, () -> new Fault.ExhaustPool(place(), millis(1_000, 5_000)));
            add(fresh, 3, () -> new Fault.Pause(random.nextInt(1_000), millis(2_500, 5_000)));
            add(
                    fresh,
                    1,
                    () -> new Fault.ChangeBudgets(
                            random.nextInt(0, 4), random.nextInt(200, 5_000), millis(1_000, 5_000)));
            add(fresh, 1, Fault.RollingDeploy::new);
            add(fresh, 1, Fault.RollBack::new);
            add(fresh, 2, () -> new Fault.MoveRows(random.nextInt(5)));
            add(fresh, 1, Fault.EditDefinition::new);
            add(fresh, 1, Fault.EditInVain::new);
            add(fresh, 1, Fault.RestoreTables::new);
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
