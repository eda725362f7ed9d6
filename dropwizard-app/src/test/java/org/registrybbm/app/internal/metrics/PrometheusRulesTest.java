package org.registrybbm.app.internal.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class PrometheusRulesTest {
    private static final Path FOLDER = Path.of("../docs/prometheus");
    private static final YAMLMapper YAML = new YAMLMapper();

    @Test
    void tellsInEachAlertWhatHappenedAndWhatToType() throws IOException {
        String tests = Files.readString(FOLDER.resolve("tests.yml"));
        String document = Files.readString(Path.of("../docs/metrics.md"));
        List<JsonNode> alerts = rules("alerts.yml");

        assertThat(alerts).isNotEmpty().allSatisfy(alert -> {
            String name = alert.path("alert").asText();
            assertThat(alert.path("labels").path("severity").asText()).isIn("critical", "warning");
            assertThat(alert.path("annotations").path("summary").asText()).isNotEmpty();
            assertThat(alert.path("annotations").path("description").asText()).endsWith(".");
            assertThat(alert.path("annotations").path("command").asText()).matches("(registry|curl) .+");
            assertThat(tests).contains("alertname: " + name + "\n        exp_alerts:");
            assertThat(document)
                    .contains("| `" + name + "` | "
                            + alert.path("labels").path("severity").asText() + " |");
        });
    }

    @Test
    void readsOnlyWhatIsThere() throws IOException {
        Set<String> known = new TreeSet<>(Promtool.metrics());
        List<JsonNode> recorded = rules("recording.yml");
        recorded.forEach(rule -> known.add(rule.path("record").asText()));
        String document = Files.readString(Path.of("../docs/metrics.md"));

        assertThat(recorded).allSatisfy(rule -> {
            assertThat(known).containsAll(Promtool.names(rule.path("expr").asText()));
            assertThat(document).contains("`" + rule.path("record").asText() + "`");
        });
        assertThat(rules("alerts.yml"))
                .allSatisfy(rule -> assertThat(known)
                        .containsAll(Promtool.names(rule.path("expr").asText())));
    }

    @Test
    void firesWhenItShould() throws Exception {
        assertThat(Promtool.run(FOLDER, "check", "rules", "recording.yml", "alerts.yml"))
                .endsWith("exit code 0");
        assertThat(Promtool.run(FOLDER, "test", "rules", "tests.yml")).endsWith("exit code 0");
    }

    private static List<JsonNode> rules(String file) throws IOException {
        List<JsonNode> rules = new ArrayList<>();
        YAML.readTree(FOLDER.resolve(file).toFile())
                .path("groups")
                .forEach(group -> group.path("rules").forEach(rules::add));
        return rules;
    }
}
