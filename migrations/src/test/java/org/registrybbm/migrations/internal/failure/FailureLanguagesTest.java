package org.registrybbm.migrations.internal.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages of servers that speak other languages: no row value of theirs is kept either. */
class FailureLanguagesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "22P02 | ERROR: invalid input syntax for type integer: \"Geheim9\" | ERROR: invalid input syntax for type integer: \"...\"",
                "22P02 | FEHLER: ungültige Eingabesyntax für Typ integer: »Geheim9« | FEHLER: ungültige Eingabesyntax für Typ integer: \"...\"",
                "22P02 | ERREUR: syntaxe en entrée invalide pour le type integer : « Geheim9 » | ERREUR: syntaxe en entrée invalide pour le type integer : \"...\"",
                "22P02 | BŁĄD: nieprawidłowa składnia wejścia dla typu integer: „Geheim9” | BŁĄD: nieprawidłowa składnia wejścia dla typu integer: \"...\"",
                "22P02 | エラー: integer型の入力構文が不正です: 「Geheim9」 | エラー: integer型の入力構文が不正です: \"...\"",
            })
    void cutsTheValueWhateverTheQuotesAre(String state, String message, String kept) {
        assertThat(FailureText.of(new SQLException(message, state))).isEqualTo(kept);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PL/pgSQL function t.f() line 3 at RAISE",
                "PL/pgSQL-Funktion t.f() Zeile 3 bei RAISE",
                "fonction PL/pgSQL t.f(), ligne 3 à RAISE"
            })
    void keepsNoTextOfARaisedException(String where) {
        SQLException raised = new SQLException("FEHLER: Kunde Geheim9\n  Where: " + where, "22000");

        assertThat(FailureText.of(raised)).doesNotContain("Geheim9").contains("a function raised");
    }
}
