package org.registrybbm.scheduler.benchmark;

import java.util.ArrayList;
import java.util.List;
import org.postgresql.ds.PGSimpleDataSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.scheduler.BatchedMigrationScheduler;
import org.registrybbm.scheduler.chaos.SmallPool;

/** Replicas with the engine's default settings, in this JVM, each with pools of its own; started, until they are closed. */
record EngineFleet(List<BatchedMigrationScheduler> replicas, List<SmallPool> pools) implements AutoCloseable {
    /**
     * Starts some.
     *
     * @param name what each one's name begins with
     * @param workers of each
     */
    static EngineFleet start(String url, String name, int replicas, int workers) throws Exception {
        EngineFleet fleet = new EngineFleet(new ArrayList<>(), new ArrayList<>());
        try {
            for (int i = 1; i <= replicas; i++) {
                fleet.add(url, name + "-" + i, workers);
            }
            return fleet;
        } catch (Throwable e) {
            fleet.close();
            throw e;
        }
    }

    private void add(String url, String name, int workers) throws Exception {
        PGSimpleDataSource own = new PGSimpleDataSource();
        own.setUrl(url);
        BatchedMigrations engine = BatchedMigrations.on(pool(url, workers + 3).dataSource())
                .presence(own)
                .replica(name)
                .build();
        BatchedMigrationScheduler replica = BatchedMigrationScheduler.on(engine)
                .quartzDataSource(pool(url, BatchedMigrationScheduler.Builder.poolSize(workers))
                        .dataSource())
                .replica(name)
                .workers(workers)
                .build();
        replicas.add(replica);
        replica.start();
    }

    private SmallPool pool(String url, int size) {
        SmallPool pool = new SmallPool(url, size);
        pools.add(pool);
        return pool;
    }

    @Override
    public void close() {
        replicas.forEach(BatchedMigrationScheduler::close);
        pools.forEach(SmallPool::close);
    }
}
