package org.registrybbm.app.internal.metrics;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Queries of Prometheus, and its own program that checks them, where that is installed. */
final class Promtool {
    private static final Pattern METRIC = Pattern.compile("[a-z_:]*registry_(?:database_)?bbm_[a-z0-9_:]+");
    private static final Pattern PART = Pattern.compile("_(bucket|sum|count)$");

    private Promtool() {}

    /** Runs it in a folder, or skips the test if it is not there. Returns what it printed; the last line is its exit code. */
    static String run(Path folder, String... arguments) throws IOException, InterruptedException {
        Optional<Path> program = Stream.of(System.getenv("PATH").split(":"))
                .map(one -> Path.of(one, "promtool"))
                .filter(Files::isExecutable)
                .findFirst();
        if (program.isEmpty()) {
            System.err.println("skipped: promtool is not on the PATH (Debian's package prometheus has it)");
        }
        Assumptions.assumeTrue(program.isPresent(), "promtool is not on the PATH");
        Process process = new ProcessBuilder(
                        Stream.concat(Stream.of(program.orElseThrow().toString()), Arrays.stream(arguments))
                                .toList())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return printed + "exit code " + process.waitFor();
    }

    /** Returns the names of the metrics and recorded series of Registry BBM that a query reads. */
    static Set<String> names(String query) {
        return METRIC.matcher(query)
                .results()
                .map(found -> PART.matcher(found.group()).replaceFirst(""))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Returns the names of the metrics that a replica shows, without the endings of histograms. */
    static Set<String> metrics() {
        return AllMetrics.all().stream().map(AllMetrics.Described::name).collect(Collectors.toCollection(TreeSet::new));
    }
}
