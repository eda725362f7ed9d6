package org.registrybbm.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs {@code registry.jar} as its users do.
 *
 * @param directory the working directory
 * @param variables environment variables
 */
public record RegistryJar(Path directory, Map<String, String> variables) {
    /** How long tests wait for what comes within seconds on a machine with nothing else to do. */
    public static final Duration PATIENCE = Duration.ofMinutes(5);

    /**
     * What a command left.
     *
     * @param exit its exit code
     * @param out its standard output
     * @param err its standard error
     */
    public record Result(int exit, String out, String err) {}

    /** Returns a jar that works on a database, in a directory. */
    public static RegistryJar on(String url, Path directory) {
        return new RegistryJar(directory, Map.of("REGISTRY_DATABASE_URL", url));
    }

    /** Runs a command in the JVM that all commands of this test process share, for those to which a process of their own does not matter. */
    public Result command(String... arguments) {
        return SharedJvm.run(environment(), arguments);
    }

    /** Runs a command to its end, in a process of its own. */
    public Result run(String... arguments) throws IOException, InterruptedException {
        Running running = start(arguments);
        if (!running.process().waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            running.process().destroyForcibly();
            throw new AssertionError(List.of(arguments) + " did not end: " + running.err());
        }
        return new Result(running.process().exitValue(), running.out(), running.err());
    }

    /** Starts a command. */
    public Running start(String... arguments) throws IOException {
        Path out = Files.createTempFile(directory, "out", ".txt");
        Path err = Files.createTempFile(directory, "err", ".txt");
        List<String> command = new ArrayList<>(ClassArchive.java());
        command.addAll(List.of("-jar", System.getProperty("registry.jar")));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("REGISTRY_") || name.startsWith("SENTRY_"));
        builder.environment().putAll(environment());
        return new Running(builder.start(), out, err);
    }

    private Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>(variables);
        environment.putIfAbsent("REGISTRY_PORT", "0");
        environment.putIfAbsent("REGISTRY_ADMIN_PORT", "0");
        return environment;
    }

    /** A command that runs. */
    public record Running(Process process, Path outFile, Path errFile) implements AutoCloseable {
        /** Returns its standard output until now. */
        public String out() throws IOException {
            return Files.readString(outFile);
        }

        /** Returns its standard error until now. */
        public String err() throws IOException {
            return Files.readString(errFile);
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
