package org.registrybbm.app.internal.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.registrybbm.app.internal.secrets.Secrets;

/** Remembers the secrets of a configuration before the configuration is checked, so that no message about it shows one. */
final class ConfiguredSecrets {
    private static final Pattern PASSWORD_OF_URL = Pattern.compile("//[^:@/]*:([^?]*)@");
    private static final Pattern PARAMETER = Pattern.compile("[?&]\\w*password=([^&]*)");

    // A shorter one holds no secret, and would be found in other texts.
    private static final Pattern PATH_OF_WEBHOOK = Pattern.compile("//[^/?]*([/?].{11,})");

    private ConfiguredSecrets() {}

    static void remember(JsonNode configuration) {
        JsonNode database = configuration.path("database");
        String url = database.path("url").asText("");
        Set<String> shown = new HashSet<>();
        shown.add(database.path("user").asText(""));
        DatabaseUrl.parse(url).ifPresent(parsed -> {
            shown.add(parsed.parameters().getOrDefault("user", ""));
            shown.addAll(List.of(parsed.place().split("[:,/]")));
            parsed.parameters().forEach((name, value) -> {
                if (name.endsWith("password")) {
                    Secrets.know(value, shown);
                }
            });
        });
        Secrets.know(database.path("password").asText(null), shown);
        for (Pattern pattern : Set.of(PASSWORD_OF_URL, PARAMETER)) {
            Matcher found = pattern.matcher(url);
            while (found.find()) {
                Secrets.know(found.group(1), shown);
            }
        }
        Secrets.know(configuration.path("sentry").path("dsn").asText(null), shown);
        JsonNode webhook = configuration.path("backgroundMigrations").path("webhook");
        Secrets.know(webhook.path("secret").asText(null), shown);
        Matcher path = PATH_OF_WEBHOOK.matcher(webhook.path("url").asText(""));
        if (path.find()) {
            Secrets.know(path.group(1), shown);
        }
    }
}
