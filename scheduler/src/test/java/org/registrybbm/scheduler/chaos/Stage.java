package org.registrybbm.scheduler.chaos;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What the faults act on: the server, the proxies, the replicas, two services in two schemas of one database. */
final class Stage implements AutoCloseable {
    // Of six workers and of two, as faults take the rest of the time.
    private static final Service.Kind MAIN = new Service.Kind("public", Workload.all(), 2);
    private static final Service.Kind NEIGHBOUR = new Service.Kind("neighbour", Workload.some(), 0.4);

    private final OwnServer server;
    private final ReentrantReadWriteLock calm = new ReentrantReadWriteLock(true);
    private final Timeline timeline;
    private final CommitProxy forRows;
    private final CommitProxy forQuartz;
    private final Replicas replicas;
    private final Writer writer;
    private final List<Service> services;
    private final List<Operator> operators = new ArrayList<>();
    private final Crosstalk crosstalk;

    Stage(Timeline timeline, long seed, double secondsOfRound) throws IOException, InterruptedException {
        this.timeline = timeline;
        // A crash of its processes needs no disk that keeps its promises, so nothing is flushed.
        this.server = OwnServer.start(Map.of("fsync", "off", "max_connections", "150", "shared_buffers", "64MB"));
        TestDatabase database = server.database("chaos");
        this.forRows = new CommitProxy(server.url("chaos"), timeline);
        this.forQuartz = new CommitProxy(server.url("chaos"), timeline);
        database.execute("""
                CREATE SEQUENCE public.chaos_uids;
                CREATE TABLE public.chaos_book (batch_table text NOT NULL, uid bigint NOT NULL);
                CREATE INDEX ON public.chaos_book (batch_table, uid);
                CREATE TABLE public.chaos_deleted (batch_table text NOT NULL, uid bigint NOT NULL, old boolean, n int);
                CREATE INDEX ON public.chaos_deleted (batch_table)
                """);
        database.execute(Flaws.functions(seed));
        Service.Ground ground = new Service.Ground(server, calm, timeline);
        this.services = List.of(new Service(ground, MAIN), new Service(ground, NEIGHBOUR));
        services.forEach(service -> service.begin(secondsOfRound));
        this.writer = new Writer(server.url("chaos") + "&ApplicationName=application", seed, timeline);
        String rowsUrl = forRows.url() + "&connectTimeout=5&socketTimeout=15";
        String quartzUrl = forQuartz.url() + "&connectTimeout=5&socketTimeout=10&options="
                + "-c%20statement_timeout=8s%20-c%20lock_timeout=5s"
                + "%20-c%20idle_in_transaction_session_timeout=3s";
        for (Service service : services) {
            String url = service.kind().of(rowsUrl + "&ApplicationName=operator&options=-c%20lock_timeout=2s");
            operators.add(new Operator(url, seed, timeline));
        }
        lookAtRounds();
        this.replicas = new Replicas(
                List.of(MAIN.of(rowsUrl), MAIN.of(quartzUrl)),
                List.of(NEIGHBOUR.of(rowsUrl), NEIGHBOUR.of(quartzUrl)),
                timeline);
        this.crosstalk = new Crosstalk(server.url("chaos") + "&ApplicationName=crosstalk", timeline);
    }

    Replicas replicas() {
        return replicas;
    }

    Timeline timeline() {
        return timeline;
    }

    Writer writer() {
        return writer;
    }

    CommitProxy proxy(Fault.Pool pool) {
        return pool == Fault.Pool.QUARTZ ? forQuartz : forRows;
    }

    List<Service> services() {
        return services;
    }

    Service service(int which) {
        return services.get(which);
    }

    /** The service with every kind of table. */
    Service main() {
        return services.get(0);
    }

    /** Lets the next rounds begin where the ones of now are finished, and checks those. */
    void goOn(double secondsOfRound) {
        for (Service service : services) {
            service.requireNoFailureByLocks();
            if (service.round().isFinished()) {
                Round finished = service.begin(secondsOfRound);
                lookAtRounds();
                if (finished != null) {
                    service.verify(finished);
                }
            }
        }
    }

    /** The application writes the tables of the rounds that are on, and the operators look after them. */
    private void lookAtRounds() {
        writer.write(services.stream()
                .flatMap(service -> service.round().targets().stream())
                .toList());
        for (int i = 0; i < services.size(); i++) {
            operators.get(i).lookAfter(services.get(i).round().targets());
        }
    }

    /** From now on nothing is written, so that the ledgers can be compared. */
    void fallSilent() {
        writer.write(List.of());
        operators.forEach(operator -> operator.lookAfter(List.of()));
    }

    /** Throws what somebody who watches has found wrong. */
    void requireWell() {
        operators.forEach(Operator::requireWell);
        timeline.requireNoComplaint();
    }

    /** What the operators did. */
    String summary() {
        return operators.get(0).summary() + "; of the neighbour "
                + operators.get(1).summary();
    }

    /** One crash at a time. */
    void crashServer(Duration down) throws IOException, InterruptedException {
        calm.writeLock().lock();
        try {
            server.crash();
            timeline.add("server", "crashed");
            pass(down);
            server.start();
            timeline.add("server", "started again");
        } finally {
            calm.writeLock().unlock();
        }
    }

    static void pass(Duration time) {
        try {
            TimeUnit.MILLISECONDS.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Ends those who only look and write; the replicas stay. */
    void closeSpectators() {
        writer.close();
        operators.forEach(Operator::close);
        crosstalk.close();
    }

    @Override
    public void close() {
        replicas.killAll();
        closeSpectators();
        forRows.close();
        forQuartz.close();
        server.close();
    }
}
