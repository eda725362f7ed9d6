package org.registrybbm.app.internal.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MetricsDocumentTest {
    private static final Path DOCUMENT = Path.of("../docs/metrics.md");
    private static final Pattern ROW =
            Pattern.compile("\\| `(registry_\\w+)` \\| (\\w+) \\| ([^|]+) \\|[^|]+\\|[^|]+\\|");
    private static final Pattern LABEL = Pattern.compile("`(\\w+)`");

    @Test
    void describesEachMetricAndNoOther() throws IOException {
        assertThat(described()).containsExactlyInAnyOrderElementsOf(AllMetrics.all());
    }

    private static List<AllMetrics.Described> described() throws IOException {
        return ROW.matcher(Files.readString(DOCUMENT))
                .results()
                .map(row -> new AllMetrics.Described(
                        row.group(1),
                        row.group(2),
                        LABEL.matcher(row.group(3))
                                .results()
                                .map(label -> label.group(1))
                                .collect(Collectors.toCollection(TreeSet::new))))
                .toList();
    }
}
