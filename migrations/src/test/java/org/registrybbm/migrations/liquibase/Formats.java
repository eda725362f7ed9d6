package org.registrybbm.migrations.liquibase;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes the same changeset in each format of Liquibase. */
enum Formats {
    XML {
        @Override
        String changelog(String change, Map<String, String> attributes, String sql) {
            return xml("""
                    <changeSet id="1" author="test">
                      <bbm:%s %s/>
                      <sql>%s</sql>
                    </changeSet>
                    """.formatted(
                            change,
                            attributes.entrySet().stream()
                                    .map(each -> each.getKey() + "=\"" + each.getValue() + "\"")
                                    .collect(Collectors.joining(" ")),
                            sql));
        }
    },
    YAML {
        @Override
        String changelog(String change, Map<String, String> attributes, String sql) {
            return """
                    databaseChangeLog:
                    - changeSet:
                        id: 1
                        author: test
                        changes:
                        - %s: {%s}
                        - sql: {sql: "%s"}
                    """.formatted(
                            change,
                            attributes.entrySet().stream()
                                    .map(each -> each.getKey() + ": " + each.getValue())
                                    .collect(Collectors.joining(", ")),
                            sql);
        }
    },
    JSON {
        @Override
        String changelog(String change, Map<String, String> attributes, String sql) {
            return """
                    {"databaseChangeLog": [{"changeSet": {"id": "1", "author": "test", "changes": [
                      {"%s": {%s}},
                      {"sql": {"sql": "%s"}}
                    ]}}]}
                    """.formatted(
                            change,
                            attributes.entrySet().stream()
                                    .map(each -> "\"" + each.getKey() + "\": \"" + each.getValue() + "\"")
                                    .collect(Collectors.joining(", ")),
                            sql);
        }
    };

    String file() {
        return "changes." + name().toLowerCase(Locale.ROOT);
    }

    /** A changeset of one change of ours and a statement behind it. */
    abstract String changelog(String change, Map<String, String> attributes, String sql);

    /** A changelog in XML that knows the changes of this project. */
    static String xml(String changeSets) {
        return """
                <?xml version="1.0" encoding="UTF-8"?>
                <databaseChangeLog
                    xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
                    xmlns:bbm="http://registrybbm.org/xml/ns/changelog"
                    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
                        http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-4.20.xsd
                        http://registrybbm.org/xml/ns/changelog
                        http://registrybbm.org/xml/ns/changelog/changelog-1.0.xsd">
                %s
                </databaseChangeLog>
                """.formatted(changeSets);
    }
}
