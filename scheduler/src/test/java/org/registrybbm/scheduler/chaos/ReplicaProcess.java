package org.registrybbm.scheduler.chaos;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * A replica in a process of its own, with a small heap and a clock that can be set. It ends with this JVM.
 *
 * @param old whether its code knows none of the work functions
 */
record ReplicaProcess(String name, boolean old, Process process, Timeline timeline) {
    /** Before what a replica says that must not be. */
    static final String COMPLAINT = "WRONG: ";

    private static final Duration PROMISED = Duration.ofSeconds(12);

    /** Starts one; {@code urls} are the one for rows and the one for Quartz. */
    static ReplicaProcess start(String name, boolean old, List<String> urls, Timeline timeline) throws IOException {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xshare:auto",
                        "-Djava.system.class.loader=" + ClockLoader.class.getName(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        ChaosReplica.class.getName(),
                        urls.get(0),
                        urls.get(1),
                        name,
                        Boolean.toString(old)))
                .redirectErrorStream(true)
                .start();
        ReplicaProcess replica = new ReplicaProcess(name, old, process, timeline);
        Thread reader = new Thread(replica::listen, "listen-" + name);
        reader.setDaemon(true);
        reader.start();
        timeline.add(name, "process " + process.pid() + (old ? " with old code" : ""));
        return replica;
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor(10, TimeUnit.SECONDS);
        timeline.add(name, "killed");
    }

    /** SIGTERM; it must end within what is promised for a shutdown. */
    void terminate() throws InterruptedException {
        long began = System.nanoTime();
        // Not through Process, which would close the streams.
        process.toHandle().destroy();
        if (!process.waitFor(PROMISED.toSeconds(), TimeUnit.SECONDS)) {
            kill();
            throw new AssertionError(name + " did not end within " + PROMISED.toSeconds() + " s of SIGTERM");
        }
        timeline.add(
                name,
                String.format(
                        Locale.ROOT,
                        "ended after SIGTERM in %.1f s, exit %d",
                        (System.nanoTime() - began) / 1e9,
                        process.exitValue()));
    }

    /** SIGSTOP and, when the time is over, SIGCONT, even when this JVM is gone by then. */
    void freeze(Duration howLong) throws IOException, InterruptedException {
        timeline.add(name, "frozen");
        new ProcessBuilder(
                        "sh",
                        "-c",
                        "kill -STOP $0; sleep $1; kill -CONT $0",
                        Long.toString(process.pid()),
                        String.format(Locale.ROOT, "%.3f", howLong.toMillis() / 1000.0))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
        timeline.add(name, "woken");
    }

    /** Writes a line to its standard input. */
    void tell(String command) {
        try {
            process.getOutputStream().write((command + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            timeline.add(name, "cannot hear '" + command + "' any more");
        }
    }

    /** Stack traces, and what the JVM says of its archive. */
    private static boolean isNoise(String line) {
        return line.startsWith("\t")
                || line.startsWith("Caused by")
                || line.startsWith("OpenJDK")
                || line.matches("[a-z.]+\\.[A-Za-z.]+Exception: .*");
    }

    private void listen() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(COMPLAINT)) {
                    timeline.complain(name, line.substring(COMPLAINT.length()));
                } else if (!isNoise(line)) {
                    timeline.add(name, line);
                }
            }
        } catch (IOException e) {
            timeline.add(name, "is silent: " + e.getMessage());
        }
    }
}
