package org.registrybbm.migrations.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SqlIdentifiersTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "public.users | public/users",
                "Public.USERS | public/users",
                "users | users",
                "a.b.c | a/b/c",
                "_x.y_1$ | _x/y_1$",
                "\"Public\".users | Public/users",
                "public.\"Weird \"\"Name\" | public/Weird \"Name",
                "\"a.b\".\"c d\" | a.b/c d",
                "\"; drop table x\".y | ; drop table x/y",
                "ünï.tablé | ünï/tablé",
            })
    void readsWhatPostgresReads(String text, String parts) {
        assertThat(SqlIdentifiers.parse(text)).containsExactly(parts.split("/"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                ".",
                "a.",
                ".a",
                "a..b",
                "a b",
                "a;b",
                "a-b",
                "1a",
                "$a",
                "a.1",
                "\"a",
                "a\"",
                "\"a\"b",
                "a\"b\"",
                "\"\"",
                "a.\"\"",
                "a.b ",
                " a.b",
                "a. b",
                "a'b",
                "a/*x*/.b",
                "a\nb",
                "a.b--",
                "(a)",
                "\"a\".",
                "a,b",
                "U&\"a\""
            })
    void refusesEverythingElse(String text) {
        assertThat(SqlIdentifiers.parse(text)).isEmpty();
    }

    @Test
    void readsBackWhateverWasQuoted() {
        Random random = new Random(42);
        for (int i = 0; i < 2_000; i++) {
            String name = random.ints(1 + random.nextInt(8), 0, 6)
                    .mapToObj(at -> String.valueOf("\".a ;'".charAt(at)))
                    .reduce("", String::concat);
            String quoted = '"' + name.replace("\"", "\"\"") + '"';

            assertThat(SqlIdentifiers.parse(quoted + "." + quoted)).isEqualTo(List.of(name, name));
        }
    }
}
