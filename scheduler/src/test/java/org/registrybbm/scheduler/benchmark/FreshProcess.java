package org.registrybbm.scheduler.benchmark;

import java.nio.file.Path;
import java.util.List;

/** A replica with the engine's default settings and one worker in a process of its own, that has done nothing before. It ends with this JVM. */
record FreshProcess(Process process) implements AutoCloseable {
    static FreshProcess start(String url, String name) throws Exception {
        return new FreshProcess(new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FreshProcess.class.getName(),
                        url,
                        name))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start());
    }

    /** Runs the replica until the parent's pipe ends. */
    public static void main(String[] args) throws Exception {
        EngineFleet.start(args[0], args[1], 1, 1);
        while (System.in.read() >= 0) {
            // The parent writes nothing.
        }
        Runtime.getRuntime().halt(0);
    }

    @Override
    public void close() throws Exception {
        process.destroyForcibly().waitFor();
    }
}
