package org.registrybbm.migrations.liquibase.lint;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import liquibase.Scope;
import liquibase.change.ChangeFactory;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.precondition.PreconditionFactory;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.tables.NearestNames;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Reads the files of a changelog themselves, and finds what Liquibase ignores in YAML and JSON: a change or a precondition that is
 * misspelt and has no attributes, and the first of two {@code preConditions}.
 */
final class RawNodes {
    private static final Set<String> OPTIONS =
            Set.of("onfail", "onerror", "onsqloutput", "onfailmessage", "onerrormessage", "onupdatesql");
    private static final Set<String> LOGIC = Set.of("and", "or", "not");

    private final String file;
    private final List<Finding> findings = new ArrayList<>();
    private final Set<String> changes =
            lower(Scope.getCurrentScope().getSingleton(ChangeFactory.class).getDefinedChanges());
    private final Set<String> preconditions =
            lower(PreconditionFactory.getInstance().getPreconditions().keySet());

    private RawNodes(String file) {
        this.file = file;
    }

    private static Set<String> lower(Set<String> names) {
        Set<String> lower = new HashSet<>();
        names.forEach(name -> lower.add(name.toLowerCase(Locale.ROOT)));
        return lower;
    }

    /** Reads all files of a changelog that are in YAML or JSON, where Liquibase's scope finds them. */
    static List<Finding> check(DatabaseChangeLog changeLog) {
        return Stream.concat(
                        Stream.of(changeLog.getPhysicalFilePath()),
                        changeLog.getChangeSets().stream().map(ChangeSet::getFilePath))
                .filter(path -> path != null && path.toLowerCase(Locale.ROOT).matches(".*\\.(ya?ml|json)"))
                .distinct()
                .flatMap(path -> new RawNodes(path).read().stream())
                .toList();
    }

    private List<Finding> read() {
        LoaderOptions strict = new LoaderOptions();
        strict.setAllowDuplicateKeys(false);
        try (InputStream text =
                Scope.getCurrentScope().getResourceAccessor().getExisting(file).openInputStream()) {
            if (new Yaml(new SafeConstructor(strict)).load(text) instanceof Map<?, ?> root
                    && root.get("databaseChangeLog") instanceof List<?> entries) {
                entries.forEach(this::entry);
            }
        } catch (YAMLException e) {
            add(
                    "",
                    "a key is written twice, and Liquibase takes one of them: "
                            + String.valueOf(e.getMessage()).replaceAll("\\s+", " "));
        } catch (IOException e) {
            // A logical path is no file; the changesets themselves are checked all the same.
            return List.of();
        }
        return findings;
    }

    private void entry(Object entry) {
        if (entry instanceof Map<?, ?> map && map.get("changeSet") instanceof Map<?, ?> changeSet) {
            String id = String.valueOf(changeSet.get("id"));
            if (changeSet.get("changes") instanceof List<?> list) {
                list.forEach(change -> node(id, change, changes, "change"));
            }
            preconditions(id, changeSet.get("preConditions"));
        }
    }

    private void preconditions(String id, @Nullable Object given) {
        if (given instanceof List<?> list) {
            list.forEach(one -> precondition(id, one));
        } else if (given instanceof Map<?, ?> map) {
            map.forEach((key, value) -> precondition(id, Map.of(key, value == null ? "" : value)));
        }
    }

    private void precondition(String id, Object node) {
        if (node instanceof Map<?, ?> map) {
            map.forEach((key, value) -> {
                String name = String.valueOf(key).toLowerCase(Locale.ROOT);
                if (LOGIC.contains(name)) {
                    preconditions(id, value);
                } else if (!OPTIONS.contains(name)) {
                    node(id, Map.of(key, value == null ? "" : value), preconditions, "precondition");
                }
            });
        } else {
            node(id, node, preconditions, "precondition");
        }
    }

    private void node(String id, Object node, Set<String> known, String kind) {
        if (!(node instanceof Map<?, ?> map)) {
            add(id, "'" + node + "' is no " + kind + ", and Liquibase ignores it; write it with attributes");
            return;
        }
        map.forEach((key, value) -> {
            String name = String.valueOf(key);
            if (!known.contains(name.toLowerCase(Locale.ROOT))) {
                add(
                        id,
                        "there is no " + kind + " '" + name + "'; did you mean "
                                + String.join(", ", NearestNames.to(name, List.copyOf(known))) + "?");
            }
        });
    }

    private void add(String id, String message) {
        findings.add(new Finding(Rule.NODE_UNKNOWN, true, file, id, message));
    }
}
