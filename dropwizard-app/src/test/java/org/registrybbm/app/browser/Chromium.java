package org.registrybbm.app.browser;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A headless Chromium. The system property {@code bbm.test.browser} says which: {@code auto} (one of this machine, or none), {@code none},
 * {@code required} (one of this machine), or a path.
 */
public final class Chromium implements AutoCloseable {
    private static final String CHOICE = System.getProperty("bbm.test.browser", "auto");
    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge");
    private static final List<String> PLACES = List.of(
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "/Applications/Chromium.app/Contents/MacOS/Chromium");
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final Process process;
    private final Path profile;
    private final int port;

    private Chromium(Process process, Path profile, int port) {
        this.process = process;
        this.profile = profile;
        this.port = port;
    }

    /** Returns whether there is a browser to test with. */
    public static boolean isThere() {
        boolean there = program() != null;
        if (!there && CHOICE.equals("required")) {
            throw new IllegalStateException("there is no Chromium on this machine, and -Dbbm.test.browser=required");
        }
        if (!there) {
            System.err.println(
                    "no test in a browser: there is none; install Chromium, or say where one is with -Dbbm.test.browser");
        }
        return there;
    }

    private static @Nullable String program() {
        if (CHOICE.equals("none")) {
            return null;
        }
        if (!CHOICE.equals("auto") && !CHOICE.equals("required")) {
            return CHOICE;
        }
        Stream<String> inPath = Arrays.stream(
                        Optional.ofNullable(System.getenv("PATH")).orElse("").split(File.pathSeparator))
                .flatMap(directory -> NAMES.stream().map(name -> directory + File.separator + name));
        return Stream.of(Stream.ofNullable(System.getenv("CHROMIUM")), inPath, PLACES.stream())
                .flatMap(each -> each)
                .filter(file -> Files.isExecutable(Path.of(file)))
                .findFirst()
                .orElse(null);
    }

    /** Starts one with a profile of its own. */
    public static Chromium start() throws IOException, InterruptedException {
        Path profile = Files.createTempDirectory("bbm-chromium");
        Process process = new ProcessBuilder(
                        String.valueOf(program()),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--disable-quic",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--hide-scrollbars",
                        "--remote-debugging-port=0",
                        "--remote-allow-origins=*",
                        "--user-data-dir=" + profile,
                        "about:blank")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Path file = profile.resolve("DevToolsActivePort");
        for (long end = System.nanoTime() + PATIENCE_NANOS; System.nanoTime() < end && process.isAlive(); ) {
            List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
            if (lines.size() >= 2) {
                return new Chromium(process, profile, Integer.parseInt(lines.get(0)));
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        process.destroyForcibly();
        throw new IOException("the browser did not start");
    }

    /** Opens a tab. */
    public Tab open() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/new"))
                        .PUT(HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        return Tab.connect(client, answer.body());
    }

    @Override
    public void close() throws IOException, InterruptedException {
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
        try (Stream<Path> files = Files.walk(profile)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }
}
