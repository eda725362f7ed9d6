package org.registrybbm.scheduler.chaos;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Places for replicas, the last of which is the neighbour's only one. What is done to one place is done one after the other; several places
 * suffer at once.
 */
final class Replicas {
    static final int COUNT = 4;

    private static final int NEIGHBOUR = COUNT - 1;

    private final List<String> urls;
    private final List<String> neighboursUrls;
    private final Timeline timeline;
    private final List<Place> places = new ArrayList<>();

    /** What is done to the process of a place; returns the one that is there afterwards. */
    interface Deed {
        ReplicaProcess to(ReplicaProcess process) throws IOException, InterruptedException;
    }

    private static final class Place {
        private final ReentrantLock lock = new ReentrantLock(true);
        private final List<ReplicaProcess> history = new ArrayList<>();

        private ReplicaProcess newest() {
            return history.get(history.size() - 1);
        }
    }

    Replicas(List<String> urls, List<String> neighboursUrls, Timeline timeline) throws IOException {
        this.urls = urls;
        this.neighboursUrls = neighboursUrls;
        this.timeline = timeline;
        for (int i = 0; i < COUNT; i++) {
            Place place = new Place();
            places.add(place);
            place.history.add(start(i, false));
        }
    }

    /** Starts the next process of a place. */
    ReplicaProcess start(int place, boolean old) throws IOException {
        boolean neighbour = place == NEIGHBOUR;
        String name = (neighbour ? "s1" : "r" + (place + 1)) + "-"
                + (places.get(place).history.size() + 1);
        return ReplicaProcess.start(name, old, neighbour ? neighboursUrls : urls, timeline);
    }

    /** Does something to a place, when whatever else is done there is over. */
    void at(int place, Deed deed) throws IOException, InterruptedException {
        Place here = places.get(place);
        here.lock.lockInterruptibly();
        try {
            ReplicaProcess before = here.newest();
            ReplicaProcess after = deed.to(before);
            if (!after.equals(before)) {
                here.history.add(after);
            }
        } finally {
            here.lock.unlock();
        }
    }

    /** Returns processes that run although they are not the newest of their place, and newest ones that died by themselves. */
    List<String> astray() {
        List<String> astray = new ArrayList<>();
        for (Place place : places) {
            for (ReplicaProcess process : place.history) {
                if (process.process().isAlive() != process.equals(place.newest())) {
                    astray.add(process.name() + (process.process().isAlive() ? " still runs" : " died by itself"));
                }
            }
        }
        return astray;
    }

    /** Kills whatever runs. */
    void killAll() {
        for (Place place : places) {
            place.history.forEach(replica -> replica.process().destroyForcibly());
        }
    }
}
