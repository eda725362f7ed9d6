package org.registrybbm.app.internal.embedded;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * Unpacks PostgreSQL's programs from the jar and finds them.
 *
 * @param home the directory that holds {@code bin}, {@code lib} and {@code share}
 */
record PostgresBinaries(Path home) {
    /** Unpacks the programs into a directory, unless that was done before. */
    static PostgresBinaries in(Path home) throws IOException {
        if (!Files.isDirectory(home)) {
            Path unfinished = home.resolveSibling(home.getFileName() + ".unfinished");
            Directories.delete(unfinished);
            Files.createDirectories(unfinished);
            try (InputStream archive = archive()) {
                unpack(archive, unfinished);
            }
            Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
        }
        return new PostgresBinaries(home);
    }

    /** Returns the path of a program, such as {@code pg_ctl}. */
    String program(String name) {
        return home.resolve("bin").resolve(isWindows() ? name + ".exe" : name).toString();
    }

    private static InputStream archive() throws IOException {
        String system = isWindows() ? "Windows" : isMac() ? "Darwin" : "Linux";
        String arch = System.getProperty("os.arch");
        InputStream archive;
        try {
            archive =
                    DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, arch.equals("amd64") ? "x86_64" : arch);
        } catch (IllegalStateException e) {
            throw new IOException(missing(system, arch), e);
        }
        if (archive == null) {
            throw new IOException(missing(system, arch));
        }
        return archive;
    }

    private static String missing(String system, String arch) {
        return "this jar contains no PostgreSQL for " + system + " on " + arch
                + "; set REGISTRY_DATABASE_URL to use a PostgreSQL of your own, or build the jar on such a machine";
    }

    private static void unpack(InputStream archive, Path target) throws IOException {
        try (TarArchiveInputStream tar = new TarArchiveInputStream(new XZInputStream(archive))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path path = target.resolve(entry.getName()).normalize();
                if (!path.startsWith(target)) {
                    throw new IOException("the archive's entry " + entry.getName()
                            + " is outside of the directory that it is unpacked to");
                }
                write(tar, entry, path);
            }
        }
    }

    private static void write(TarArchiveInputStream tar, TarArchiveEntry entry, Path path) throws IOException {
        if (entry.isDirectory()) {
            Files.createDirectories(path);
            return;
        }
        Files.createDirectories(path.getParent());
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
            return;
        }
        Files.copy(tar, path);
        if (entry.getName().contains("bin/") && !path.toFile().setExecutable(true, false)) {
            throw new IOException("cannot make " + path + " executable");
        }
    }

    private static boolean isWindows() {
        return osName().contains("windows");
    }

    private static boolean isMac() {
        return osName().contains("mac");
    }

    private static String osName() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT);
    }
}
