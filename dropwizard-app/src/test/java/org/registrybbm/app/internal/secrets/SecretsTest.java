package org.registrybbm.app.internal.secrets;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Unable to parse URL jdbc:postgresql://127.0.0.1:99999/registry?password=Geheim9",
                "jdbc:postgresql://h/d?user=a&password=Geheim9&ssl=true failed",
                "jdbc:postgresql://h/d?sslpassword=Geheim9",
                "jdbc:postgresql://h/d?options=-c%20vault.password%3DGeheim9",
                "java.net.UnknownHostException: jdbc:postgresql://registry:Geheim9@127.0.0.1/d",
                "jdbc:postgresql://registry:x/Geheim9@y@127.0.0.1/d",
                "postgres://registry:Geheim9@127.0.0.1/d",
                "https://Geheim9@sentry.example.org/1",
                "  password: \"Geheim9 and more\"",
                "  password: Geheim9 more Geheim9",
                "{\"password\": \"Geheim9\", \"user\": \"a\"}",
                "{password=Geheim9, user=a}",
                "REGISTRY_DATABASE_PASSWORD=Geheim9",
                "--password='Geheim9 x'"
            })
    void takesOutWhatIsSaidToBeASecret(String text) {
        assertThat(Secrets.hide(text)).doesNotContain("Geheim9").contains(Secrets.HIDDEN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "FATAL: password authentication failed for user \"postgres\"",
                "could not connect to PostgreSQL at 127.0.0.1:5432/registry as registry: Connection refused",
                "jdbc:postgresql://127.0.0.1:5432/registry?user=a&ssl=true",
                "ask jane@example.org",
                "lease_token=17"
            })
    void leavesTheRest(String text) {
        assertThat(Secrets.hide(text)).isEqualTo(text);
    }

    @Test
    void takesOutWhatItKnowsWhereverItStands() {
        Secrets.know("Kn0wn &secret", Set.of());

        assertThat(Secrets.hide("SCRAM of Kn0wn &secret; once more Kn0wn+%26secret, Kn0wn%20%26secret."))
                .isEqualTo("SCRAM of ...; once more ..., ....");
    }

    @Test
    @Timeout(10)
    void readsALongWordInNoTime() {
        String word = "x".repeat(300_000);
        assertThat(Secrets.hide(word + " password=Geheim9")).isEqualTo(word + " password=...");
    }

    /** Programs write the path that they were asked for behind their own name, and some of them as JSON. */
    @Test
    void takesOutTheKnownPathOfAUrlBehindAnyHost() {
        Secrets.know("/services/T0/Geheim9", Set.of());

        assertThat(Secrets.hide("no hooks.example.org/services/T0/Geheim9, host:80/services/T0/Geheim9/,"
                        + " {\"path\":\"\\/services\\/T0\\/Geheim9\"}"))
                .isEqualTo("no hooks.example.org..., host:80.../, {\"path\":\"...\"}");
    }

    @Test
    void doesNotTellASecretByHidingWordsThatStandThereAnyway() {
        Secrets.know("copperfield", Set.of("copperfield"));
        Secrets.know("registry", Set.of());
        Secrets.know("abc", Set.of());
        Secrets.know("Latin7", Set.of());

        assertThat(Secrets.hide("user copperfield of registry; abc; Latin77; Latin7"))
                .isEqualTo("user copperfield of registry; abc; Latin77; ...");
    }
}
