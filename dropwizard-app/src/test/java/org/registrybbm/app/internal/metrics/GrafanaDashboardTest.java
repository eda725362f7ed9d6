package org.registrybbm.app.internal.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GrafanaDashboardTest {
    private static final Path DASHBOARD = Path.of("../docs/grafana/batched-migrations.json");
    private static final String SOURCE = "${datasource}";

    private final JsonNode dashboard = read();
    private final List<JsonNode> panels = children(dashboard.path("panels"));

    @Test
    void hasPanelsThatAreComplete() {
        assertThat(panels).isNotEmpty().allSatisfy(panel -> {
            assertThat(panel.path("title").asText()).isNotEmpty();
            assertThat(panel.path("description").asText()).isNotEmpty();
            assertThat(panel.path("fieldConfig").path("defaults").path("unit").asText())
                    .isNotEmpty();
            assertThat(panel.path("datasource").path("uid").asText()).isEqualTo(SOURCE);
            assertThat(children(panel.path("targets")))
                    .isNotEmpty()
                    .allSatisfy(target -> assertThat(
                                    target.path("datasource").path("uid").asText())
                            .isEqualTo(SOURCE));
        });
        assertThat(panels).extracting(panel -> panel.path("id").asInt()).doesNotHaveDuplicates();
        assertThat(panels).extracting(panel -> panel.path("title").asText()).doesNotHaveDuplicates();
    }

    @Test
    void letsTheDataSourceAndTheMigrationsBeChosen() {
        assertThat(children(dashboard.path("templating").path("list")))
                .extracting(variable -> variable.path("name").asText())
                .containsExactly("datasource", "job", "migration");
    }

    @Test
    void readsOnlyMetricsThatAreThere() {
        Set<String> known = Promtool.metrics();
        assertThat(queries()).isNotEmpty().allSatisfy(query -> {
            assertThat(Promtool.names(query)).isNotEmpty();
            assertThat(known).containsAll(Promtool.names(query));
        });
        assertThat(children(dashboard.path("templating").path("list")))
                .allSatisfy(variable -> assertThat(known)
                        .containsAll(Promtool.names(variable.path("definition").asText())));
    }

    @Test
    void asksWhatPrometheusUnderstands(@TempDir Path folder) throws Exception {
        List<Map<String, String>> rules = new ArrayList<>();
        for (String query : queries()) {
            rules.add(Map.of("record", "query" + rules.size(), "expr", query.replace("$__rate_interval", "5m")));
        }
        new YAMLMapper()
                .writeValue(
                        folder.resolve("queries.yml").toFile(),
                        Map.of("groups", List.of(Map.of("name", "queries", "rules", rules))));

        assertThat(Promtool.run(folder, "check", "rules", "queries.yml")).endsWith("exit code 0");
    }

    private List<String> queries() {
        return panels.stream()
                .flatMap(panel -> children(panel.path("targets")).stream())
                .map(target -> target.path("expr").asText())
                .toList();
    }

    private static JsonNode read() {
        try {
            return new ObjectMapper().readTree(DASHBOARD.toFile());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static List<JsonNode> children(JsonNode node) {
        List<JsonNode> children = new ArrayList<>();
        node.forEach(children::add);
        return children;
    }
}
