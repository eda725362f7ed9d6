package org.registrybbm.migrations.functions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;

class WorkRegistryTest {
    @Test
    void shipsTheContractsTwoAndTwoGeneralOnes() {
        assertThat(WorkRegistry.shipped().signatures())
                .containsExactly(
                        "copyColumn",
                        "copyManifestMediaTypeIDToNewBigIntColumn",
                        "fillColumn",
                        "populateBlobsIDColumn");
    }

    @Test
    void refusesTwoOfOneSignature() {
        WorkRegistry.Builder builder = WorkRegistry.builder().register("mine", context -> 1);

        assertThatThrownBy(() -> builder.register("mine", context -> 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'mine'")
                .hasMessageContaining("give one of them another name");
        assertThatThrownBy(() -> builder.register("copyColumn", context -> 2)).hasMessageContaining("'copyColumn'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\t\n"})
    void refusesABlankSignature(String signature) {
        assertThatThrownBy(() -> WorkRegistry.builder().register(signature, context -> 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void tellsSignaturesApartByCase() {
        WorkFunction mine = context -> 1;
        WorkRegistry registry =
                WorkRegistry.builder().register("CopyColumn", mine).build();

        assertThat(registry.find("CopyColumn")).containsSame(mine);
        assertThat(registry.find("COPYCOLUMN")).isEmpty();
    }

    @Test
    void doesNotChangeOnceItIsBuilt() {
        WorkRegistry.Builder builder = WorkRegistry.builder();
        WorkRegistry registry = builder.build();

        builder.register("later", context -> 1);

        assertThat(registry.find("later")).isEmpty();
        assertThatThrownBy(() -> registry.signatures().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void findsWorkFunctionsWhereNoneAreGiven() throws Exception {
        String services = "META-INF/services/" + WorkFunctions.class.getName();
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        Path folder = Files.createTempDirectory("bbm-services");
        Files.createDirectories(folder.resolve("META-INF/services"));
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
            thread.setContextClassLoader(loader);
            Files.writeString(folder.resolve(services), Found.class.getName());
            assertThat(WorkRegistry.of(List.of()).signatures()).contains("found", "copyColumn");
            assertThat(WorkRegistry.of(List.of(registry -> registry.register("given", context -> 1)))
                            .signatures())
                    .contains("given", "copyColumn")
                    .doesNotContain("found");

            Files.writeString(folder.resolve(services), "org.example.NoSuchWork");
            assertThatThrownBy(() -> WorkRegistry.of(List.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(services)
                    .hasMessageContaining("org.example.NoSuchWork");
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /** Work functions that {@link java.util.ServiceLoader} makes. */
    public static final class Found implements WorkFunctions {
        @Override
        public void register(WorkRegistry.Builder registry) {
            registry.register("found", context -> 1);
        }
    }
}
