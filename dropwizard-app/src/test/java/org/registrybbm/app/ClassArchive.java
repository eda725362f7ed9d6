package org.registrybbm.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * The classes of {@code registry.jar} as the JVM holds them in memory, made once for each jar: a command that finds them there takes half
 * the time. Without an archive, or with one that does not fit, a command runs as well.
 */
final class ClassArchive {
    private static final List<String> JAVA = List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC");
    private static final int PATIENCE_SECONDS = 120;

    private ClassArchive() {}

    /** Returns the start of the command line of a JVM that uses the archive. */
    static List<String> java() {
        return Holder.COMMAND;
    }

    private static final class Holder {
        static final List<String> COMMAND = command(Path.of(System.getProperty("registry.jar")));
    }

    private static List<String> command(Path jar) {
        Path archive = jar.resolveSibling("registry.jsa");
        // Test processes beside this one want the same archive.
        try (FileChannel channel = FileChannel.open(
                        jar.resolveSibling("registry.jsa.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            if (!isNewer(archive, jar)) {
                Files.deleteIfExists(archive);
                make(archive, jar);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        List<String> command = new ArrayList<>(JAVA);
        if (Files.exists(archive)) {
            // What the JVM has to say of an archive would be on standard output.
            command.addAll(List.of("-XX:SharedArchiveFile=" + archive, "-Xlog:cds*=off"));
        }
        return List.copyOf(command);
    }

    private static boolean isNewer(Path archive, Path jar) throws IOException {
        return Files.exists(archive)
                && Files.getLastModifiedTime(archive).compareTo(Files.getLastModifiedTime(jar)) > 0;
    }

    /** Has a command load what commands load, of the engine and of the driver too. */
    private static void make(Path archive, Path jar) throws IOException, InterruptedException {
        TestDatabase database = PostgresExtension.migrated();
        try {
            make(archive, jar, database.url());
        } finally {
            PostgresExtension.drop(database);
        }
    }

    private static void make(Path archive, Path jar, String url) throws IOException, InterruptedException {
        Path unfinished = archive.resolveSibling("registry.jsa.unfinished");
        List<String> command = new ArrayList<>(JAVA);
        command.addAll(
                List.of("-XX:ArchiveClassesAtExit=" + unfinished, "-jar", jar.toString(), "background-migrate", "run"));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("REGISTRY_DATABASE_URL", url);
        Process process = builder.start();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        } else if (Files.exists(unfinished)) {
            Files.move(unfinished, archive, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
