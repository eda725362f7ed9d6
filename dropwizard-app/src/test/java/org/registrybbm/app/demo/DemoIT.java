package org.registrybbm.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.app.RegistryJar;
import org.registrybbm.app.RegistryJar.Result;

class DemoIT {
    @TempDir
    private Path directory;

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void everyRowIsChangedOnceAndNothingIsLeftBehind() throws Exception {
        Result result = new RegistryJar(
                        directory,
                        Map.of(
                                "JAVA_TOOL_OPTIONS",
                                "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.io.tmpdir=" + directory))
                .run("demo", "--rows", "20000");

        assertThat(result.exit()).as(result.err()).isZero();
        assertThat(result.out())
                .contains("is killed with SIGKILL", "every one of the 40,000 rows was changed exactly once");
        assertThat(result.out().lines().filter(line -> line.startsWith("blobs")).findFirst())
                .as("batches by replica, of which more than one took part")
                .hasValueSatisfying(line -> assertThat(Arrays.stream(line.split("\\|"))
                                .skip(2)
                                .limit(3)
                                .map(String::strip)
                                .filter(batches -> !batches.equals("0")))
                        .hasSizeGreaterThan(1));
        assertThat(directory).isDirectoryNotContaining("glob:**registry-demo*");
        assertThat(ProcessHandle.allProcesses()
                        .filter(process -> process.info()
                                .commandLine()
                                .orElse("")
                                .contains(directory.resolve("registry-demo").toString())))
                .isEmpty();
    }
}
