package org.registrybbm.app.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.postgresql.ds.PGSimpleDataSource;
import org.registrybbm.app.internal.database.Pools;
import org.registrybbm.app.internal.embedded.Directories;
import org.registrybbm.app.internal.embedded.EmbeddedDatabase;
import org.registrybbm.app.internal.embedded.RegistryDatabase;

/**
 * Holds what the demo runs on: a directory, a PostgreSQL and the replicas' processes. Closing it removes everything, and Ctrl-C closes it
 * too.
 */
final class DemoStage implements AutoCloseable {
    private final Path directory;
    private final EmbeddedDatabase database;
    private final List<DemoReplica> replicas = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    private final Class<?> main;

    private DemoStage(Class<?> main, Path directory, EmbeddedDatabase database) {
        this.main = main;
        this.directory = directory;
        this.database = database;
    }

    /** Opens a stage; {@code main} is the class that a replica's process runs. */
    static DemoStage open(Class<?> main, Consumer<String> say) throws IOException {
        say.accept("starting an embedded PostgreSQL");
        Path directory = Files.createTempDirectory("registry-demo");
        Map<String, String> settings = Map.of("shared_buffers", "256MB", "max_wal_size", "4GB");
        DemoStage stage = new DemoStage(main, directory, EmbeddedDatabase.open(directory, settings, line -> {}));
        Runtime.getRuntime().addShutdownHook(new Thread(stage::close, "demo-close"));
        return stage;
    }

    PGSimpleDataSource dataSource() {
        return RegistryDatabase.dataSource(database.address());
    }

    Pools.Address address() {
        return database.address();
    }

    /** Starts another replica. */
    synchronized DemoReplica start(int number) throws IOException {
        if (closed.get()) {
            throw new IOException("the demo was stopped");
        }
        DemoReplica replica = DemoReplica.start(number, directory, database.address(), main);
        replicas.add(replica);
        return replica;
    }

    boolean isClosed() {
        return closed.get();
    }

    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        synchronized (this) {
            replicas.forEach(DemoReplica::end);
            replicas.forEach(DemoReplica::awaitEnd);
        }
        database.close();
        try {
            Directories.delete(directory);
        } catch (IOException e) {
            System.err.println("the demo could not delete " + directory + ", please delete it: " + e.getMessage());
        }
    }
}
