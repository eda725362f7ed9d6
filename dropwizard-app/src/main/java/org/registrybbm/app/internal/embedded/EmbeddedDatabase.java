package org.registrybbm.app.internal.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.database.Pools;

/**
 * Runs an embedded PostgreSQL whose data stay in a directory. The first process that needs it starts it, and stops it when the process
 * exits. Other processes with the same directory use it meanwhile. If the process that started it was killed, the next one takes over the
 * duty to stop it.
 */
public final class EmbeddedDatabase implements AutoCloseable {
    private static final String DATABASE = "registry";
    private static final Map<String, String> SETTINGS = Map.of(
            "listen_addresses", "127.0.0.1",
            "unix_socket_directories", "",
            "max_connections", "200",
            "logging_collector", "off");

    private final PostgresServer server;
    private final Postmaster postmaster;
    private final String password;
    private final boolean started;
    private final @Nullable Owner owner;
    private final Optional<Guard> guard;
    private final Users users = new Users();

    private EmbeddedDatabase(
            PostgresServer server, Postmaster postmaster, String password, boolean started, @Nullable Owner owner)
            throws IOException {
        this.server = server;
        this.postmaster = postmaster;
        this.password = password;
        this.started = started;
        this.owner = owner;
        this.guard = owner == null ? Optional.empty() : Guard.of(postmaster);
    }

    /**
     * Starts the PostgreSQL of a directory, or joins the one that runs there.
     *
     * @param directory where its programs and data are kept; created if it does not exist
     * @param further settings of PostgreSQL, used if the data are created now
     * @param say receives one line that says what happens
     */
    public static EmbeddedDatabase open(Path directory, Map<String, String> further, Consumer<String> say)
            throws IOException {
        Path home = directory.toAbsolutePath().normalize();
        Files.createDirectories(home);
        try (FileChannel channel = lockFile(home);
                FileLock lock = channel.lock()) {
            if (!lock.isValid()) {
                throw new IOException("the lock of " + home + " was lost; run the command again");
            }
            EmbeddedDatabase database = open(home, further);
            database.prepare();
            say.accept("no database is configured: %s an embedded PostgreSQL on port %d, its data stay in %s"
                    .formatted(database.started ? "started" : "using", database.postmaster.port(), home));
            return database;
        }
    }

    private static EmbeddedDatabase open(Path home, Map<String, String> further) throws IOException {
        PostgresServer server = new PostgresServer(PostgresBinaries.in(home.resolve("postgresql")), home);
        String password = PrivateFile.password(home.resolve("password"));
        Optional<Postmaster> running = Postmaster.of(server.data());
        Owner owner = Owner.become(home.resolve("owner")).orElse(null);
        if (running.isPresent()) {
            return new EmbeddedDatabase(server, running.get(), password, false, owner);
        }
        server.create(password, merged(further));
        return new EmbeddedDatabase(server, server.start(), password, true, owner);
    }

    private static FileChannel lockFile(Path home) throws IOException {
        return FileChannel.open(home.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private static Map<String, String> merged(Map<String, String> further) {
        Map<String, String> all = new java.util.TreeMap<>(SETTINGS);
        all.putAll(further);
        return all;
    }

    /** Returns where to connect. */
    public Pools.Address address() {
        return new Pools.Address(url(DATABASE), PostgresServer.SUPERUSER, password);
    }

    /** Returns the process id of the PostgreSQL. */
    public long pid() {
        return postmaster.pid();
    }

    /** Returns whether this process started the PostgreSQL, and did not join a running one. */
    public boolean isStarter() {
        return started;
    }

    /**
     * Says that the PostgreSQL is needed until the returned object is closed. At the exit of this process, stopping it waits for that, for
     * 7 s at most.
     */
    public AutoCloseable use() {
        return users.add();
    }

    /** Has the PostgreSQL stopped at the exit of this process, once nothing in this process needs it any more. */
    public EmbeddedDatabase stopAtExit() {
        if (owner != null) {
            Runtime.getRuntime().addShutdownHook(new Thread(this::stopOnceUnused, "embedded-postgresql-stop"));
        }
        return this;
    }

    private void stopOnceUnused() {
        users.awaitNone();
        close();
    }

    /** Stops the PostgreSQL, if that is the duty of this process. */
    @Override
    public void close() {
        if (owner == null) {
            return;
        }
        // Done under the lock, so that a process that starts meanwhile sees the PostgreSQL either running or stopped.
        try (FileChannel channel = lockFile(server.directory());
                FileLock lock = channel.lock()) {
            if (lock.isValid()
                    && Postmaster.of(server.data()).filter(postmaster::equals).isPresent()) {
                server.stop();
            }
            guard.ifPresent(Guard::dismiss);
            owner.release();
        } catch (IOException e) {
            System.err.println("the embedded PostgreSQL was not stopped: " + e.getMessage());
        }
    }

    private void prepare() throws IOException {
        Properties login = new Properties();
        login.setProperty("user", PostgresServer.SUPERUSER);
        login.setProperty("password", password);
        login.setProperty("connectTimeout", "5");
        try (Connection connection = DriverManager.getConnection(url("postgres"), login);
                Statement statement = connection.createStatement()) {
            try (ResultSet found =
                    statement.executeQuery("SELECT FROM pg_database WHERE datname = '" + DATABASE + "'")) {
                if (found.next()) {
                    return;
                }
            }
            statement.execute("CREATE DATABASE " + DATABASE);
        } catch (SQLException e) {
            throw new IOException("the embedded PostgreSQL does not accept connections: " + e.getMessage(), e);
        }
    }

    private String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + postmaster.port() + "/" + database;
    }
}
