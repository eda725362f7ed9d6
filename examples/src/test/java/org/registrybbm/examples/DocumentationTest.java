package org.registrybbm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the documents show is what the build compiles, and what they link to is there. */
class DocumentationTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final List<Path> SOURCES = List.of(
            Path.of("src/main/java/org/registrybbm/examples"),
            Path.of("src/test/java/org/registrybbm/examples"),
            Path.of("../spring-boot-example/src/main/java/org/registrybbm/springboot"));
    private static final Pattern WHOLE_FILE =
            Pattern.compile("<!-- file: (\\S+) -->\\s*```\\w+\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern SNIPPET =
            Pattern.compile("<!-- snippet: ([\\w-]+) -->\\s*```java\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern REGION = Pattern.compile("// snippet: ([\\w-]+)\\n(.*?)\\n *// end", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)#]*)(?:#([^)]*))?\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} (.+)$");

    @Test
    void showsJavaThatIsCompiledHere() throws IOException {
        List<String> shown = new ArrayList<>();
        for (Path document : documents()) {
            String text = Files.readString(document);
            assertThat(text.split("```java", -1).length - 1)
                    .as("every Java block of %s names its snippet", document)
                    .isEqualTo((int) SNIPPET.matcher(text).results().count());
            Matcher snippet = SNIPPET.matcher(text);
            while (snippet.find()) {
                shown.add(snippet.group(1));
                assertThat(snippet.group(2).strip())
                        .as("snippet %s of %s", snippet.group(1), document)
                        .isEqualTo(region(snippet.group(1)));
            }
        }
        assertThat(shown).isNotEmpty();
    }

    @Test
    void namesEachFieldOfALogLine() throws IOException {
        String described = Files.readString(ROOT.resolve("docs/configuration.md"));
        List<String> fields = new ArrayList<>();
        for (Path file : filesOf(ROOT.resolve("migrations/src/main/java/org/registrybbm/migrations/event"))) {
            Matcher field = Pattern.compile("with\\(\\s*\"(\\w+)\"").matcher(Files.readString(file));
            while (field.find()) {
                fields.add(field.group(1));
            }
        }

        assertThat(fields)
                .hasSizeGreaterThan(30)
                .allSatisfy(field -> assertThat(described).contains("`" + field + "`"));
    }

    @Test
    void showsFilesAsTheyAre() throws IOException {
        for (Path document : documents()) {
            Matcher file = WHOLE_FILE.matcher(Files.readString(document));
            while (file.find()) {
                assertThat(file.group(2))
                        .as("%s in %s", file.group(1), document)
                        .isEqualTo(Files.readString(document.resolveSibling(file.group(1))));
            }
        }
    }

    @Test
    void linksToFilesAndHeadingsThatAreThere() throws IOException {
        for (Path document : documents()) {
            Matcher link = LINK.matcher(Files.readString(document));
            while (link.find()) {
                Path target = link.group(1).isEmpty() ? document : document.resolveSibling(link.group(1));
                assertThat(target).as("link %s of %s", link.group(), document).exists();
                if (link.group(2) != null) {
                    assertThat(anchors(target))
                            .as("link %s of %s", link.group(), document)
                            .contains(link.group(2));
                }
            }
        }
    }

    /** What a heading is called in a link: its letters, digits, hyphens and underscores in lower case, and hyphens for blanks. */
    private static List<String> anchors(Path document) throws IOException {
        return HEADING.matcher(Files.readString(document))
                .results()
                .map(heading -> heading.group(1)
                        .strip()
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-'))
                .toList();
    }

    private static String region(String name) throws IOException {
        for (Path folder : SOURCES) {
            for (Path file : filesOf(folder)) {
                Matcher region = REGION.matcher(Files.readString(file));
                while (region.find()) {
                    if (region.group(1).equals(name)) {
                        return region.group(2).stripIndent().strip();
                    }
                }
            }
        }
        throw new AssertionError("no snippet '" + name + "' in " + SOURCES);
    }

    private static List<Path> filesOf(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    private static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>();
        for (Path folder : List.of(ROOT, ROOT.resolve("docs"), ROOT.resolve("db"))) {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(file -> file.toString().endsWith(".md")).forEach(documents::add);
            }
        }
        return documents;
    }
}
