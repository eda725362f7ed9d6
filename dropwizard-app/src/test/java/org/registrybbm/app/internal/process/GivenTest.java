package org.registrybbm.app.internal.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class GivenTest {
    @Test
    void argumentsAreTakenFromTheEndOfTheCommandLine() {
        assertThat(Given.arguments(
                        List.of("pause", "--migration", "gr????e"),
                        bytes("java", "-jar", "x.jar", "pause", "--migration", "größe")))
                .containsExactly("pause", "--migration", "größe");
    }

    @Test
    void whatDoesNotMatchTheCommandLineStaysAsItWasRead() {
        List<String> read = List.of("status", "x");

        assertThat(Given.arguments(read, bytes("java", "@file"))).isEqualTo(read);
        assertThat(Given.arguments(read, bytes("java", "-jar", "@größe"))).isEqualTo(read);
        assertThat(Given.arguments(List.of("a\uFFFD"), List.of(new byte[] {'a', (byte) 0xE9})))
                .containsExactly("a\uFFFD");
    }

    @Test
    void variablesAreReadAnewWhereTheyAreNotAscii() {
        assertThat(Given.environment(Map.of("A", "b", "P", "??"), bytes("A=c", "P=é", "ILL", "Q=größe=Ω")))
                .isEqualTo(Map.of("A", "b", "P", "é", "Q", "größe=Ω"));
    }

    private static List<byte[]> bytes(String... texts) {
        return Stream.of(texts)
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }
}
