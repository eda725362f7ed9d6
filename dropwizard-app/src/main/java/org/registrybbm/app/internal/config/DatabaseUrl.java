package org.registrybbm.app.internal.config;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * Holds the parts of a JDBC URL for PostgreSQL.
 *
 * @param base the URL before its question mark
 * @param parameters the parameters after the question mark, decoded, in their order
 * @param place what it connects to, for people: hosts, ports and the database
 */
public record DatabaseUrl(String base, Map<String, String> parameters, String place) {
    /** The beginning of every URL. */
    public static final String PREFIX = "jdbc:postgresql:";

    // Held in a field because the logging system forgets a logger that nobody holds, and its level with it. The level
    // matters because the driver logs a URL that it cannot read.
    private static final Logger DRIVER = Logger.getLogger("org.postgresql");

    /** Reads a URL. Returns empty if the driver could not read it, or would take a password for a part of the host. */
    public static Optional<DatabaseUrl> parse(String url) {
        int question = url.indexOf('?');
        String base = question < 0 ? url : url.substring(0, question);
        Properties read = read(url);
        if (read == null || !url.startsWith(PREFIX) || base.contains("@")) {
            return Optional.empty();
        }
        return Optional.of(
                new DatabaseUrl(base, question < 0 ? Map.of() : parameters(url.substring(question + 1)), place(read)));
    }

    /** Returns the URL without some of its parameters. The others keep their order and values, but are encoded again. */
    public String without(Set<String> names) {
        String rest = parameters.entrySet().stream()
                .filter(one -> !names.contains(one.getKey()))
                .map(one -> encode(one.getKey()) + "=" + encode(one.getValue()))
                .collect(Collectors.joining("&"));
        return rest.isEmpty() ? base : base + "?" + rest;
    }

    private static Map<String, String> parameters(String query) {
        Map<String, String> parameters = new LinkedHashMap<>();
        for (String one : query.split("&")) {
            int equals = one.indexOf('=');
            if (!one.isEmpty()) {
                parameters.put(
                        decode(equals < 0 ? one : one.substring(0, equals)),
                        equals < 0 ? "" : decode(one.substring(equals + 1)));
            }
        }
        return parameters;
    }

    private static @Nullable Properties read(String url) {
        Level before = DRIVER.getLevel();
        DRIVER.setLevel(Level.OFF);
        try {
            return Driver.parseURL(url, new Properties());
        } catch (IllegalArgumentException e) {
            return null;
        } finally {
            DRIVER.setLevel(before);
        }
    }

    private static String place(Properties read) {
        String[] hosts = read.getProperty("PGHOST", "localhost").split(",");
        String[] ports = read.getProperty("PGPORT", "5432").split(",");
        StringBuilder place = new StringBuilder();
        for (int i = 0; i < hosts.length; i++) {
            place.append(i == 0 ? "" : ",").append(hosts[i]).append(':').append(ports[Math.min(i, ports.length - 1)]);
        }
        String database = read.getProperty("PGDBNAME");
        return database == null ? place.toString() : place + "/" + database;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private static String encode(String text) {
        return java.net.URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
