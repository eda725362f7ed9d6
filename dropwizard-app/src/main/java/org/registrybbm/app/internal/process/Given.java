package org.registrybbm.app.internal.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Holds the arguments and the environment of a process as they were given. In a container without a locale, the JVM reads them as ASCII and
 * damages a password or a name with an umlaut. On Linux the kernel still has the bytes, which are then read as UTF-8.
 *
 * @param arguments the arguments after the name of the program
 * @param environment environment variables
 */
public record Given(List<String> arguments, Map<String, String> environment) {
    private static final Path ARGUMENTS = Path.of("/proc/self/cmdline");
    private static final Path ENVIRONMENT = Path.of("/proc/self/environ");

    /** Returns the arguments and the environment of this process. */
    public static Given toThisProcess(String... arguments) {
        List<String> asRead = List.of(arguments);
        Map<String, String> environment = System.getenv();
        if (isUtf8(System.getProperty("sun.jnu.encoding", "UTF-8"))) {
            return new Given(asRead, environment);
        }
        return new Given(
                entries(ARGUMENTS).map(all -> arguments(asRead, all)).orElse(asRead),
                entries(ENVIRONMENT).map(all -> environment(environment, all)).orElse(environment));
    }

    static List<String> arguments(List<String> asRead, List<byte[]> commandLine) {
        if (commandLine.size() < asRead.size()) {
            return asRead;
        }
        List<byte[]> last = commandLine.subList(commandLine.size() - asRead.size(), commandLine.size());
        List<String> arguments = new ArrayList<>();
        for (int i = 0; i < asRead.size(); i++) {
            String decoded = utf8(last.get(i)).orElse(asRead.get(i));
            if (isAscii(asRead.get(i)) && isAscii(decoded) && !decoded.equals(asRead.get(i))) {
                // The launcher's own arguments differ, for instance because they named a file of arguments.
                return asRead;
            }
            arguments.add(decoded);
        }
        return List.copyOf(arguments);
    }

    static Map<String, String> environment(Map<String, String> asRead, List<byte[]> block) {
        Map<String, String> environment = new HashMap<>(asRead);
        for (byte[] one : block) {
            utf8(one).filter(text -> text.indexOf('=') > 0 && !isAscii(text)).ifPresent(text -> {
                int equals = text.indexOf('=');
                environment.put(text.substring(0, equals), text.substring(equals + 1));
            });
        }
        return Map.copyOf(environment);
    }

    private static Optional<List<byte[]>> entries(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            List<byte[]> entries = new ArrayList<>();
            int start = 0;
            for (int i = 0; i < bytes.length; i++) {
                if (bytes[i] == 0) {
                    entries.add(java.util.Arrays.copyOfRange(bytes, start, i));
                    start = i + 1;
                }
            }
            return Optional.of(entries);
        } catch (IOException | SecurityException e) {
            // This is not Linux, so what the JVM read has to be enough.
            return Optional.empty();
        }
    }

    private static Optional<String> utf8(byte[] bytes) {
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(one -> one < 128);
    }

    static boolean isUtf8(String charset) {
        return Charset.isSupported(charset) && Charset.forName(charset).equals(StandardCharsets.UTF_8);
    }
}
