package org.registrybbm.app.internal.api;

import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.UriInfo;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.web.Problem;

/** The parameters behind the question mark of an address. Each must be known and given once at most. */
final class Query {
    private final MultivaluedMap<String, String> given;

    private Query(MultivaluedMap<String, String> given) {
        this.given = given;
    }

    static Query of(UriInfo uri, String... known) {
        Set<String> allowed = new TreeSet<>(List.of(known));
        MultivaluedMap<String, String> given = uri.getQueryParameters();
        given.forEach((name, values) -> {
            if (!allowed.contains(name)) {
                throw Problem.thrown(
                        400,
                        allowed.isEmpty()
                                ? "there is no parameter here"
                                : "there is a parameter that is not known; known are " + String.join(", ", allowed));
            }
            if (values.size() != 1) {
                throw Problem.thrown(400, "the parameter '" + name + "' is given more than once");
            }
        });
        return new Query(given);
    }

    @Nullable
    String text(String name) {
        String value = given.getFirst(name);
        if (value != null && value.indexOf(0) >= 0) {
            throw wrong(name, "a text without a character of the code 0");
        }
        return value == null || value.isEmpty() ? null : value;
    }

    String require(String name) {
        String value = text(name);
        if (value == null) {
            throw wrong(name, "given");
        }
        return value;
    }

    long number(String name, long otherwise, long least, long most) {
        String value = given.getFirst(name);
        if (value == null) {
            return otherwise;
        }
        try {
            long number = Long.parseLong(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw wrong(name, "a whole number from " + least + " to " + most);
    }

    boolean flag(String name) {
        String value = given.getFirst(name);
        if (value == null || value.equals("false")) {
            return false;
        }
        if (value.equals("true")) {
            return true;
        }
        throw wrong(name, "true or false");
    }

    @Nullable
    Instant time(String name) {
        String value = given.getFirst(name);
        try {
            if (value == null) {
                return null;
            }
            OffsetDateTime time = OffsetDateTime.parse(value);
            if (time.getYear() >= 1 && time.getYear() <= 9999) {
                return time.toInstant();
            }
        } catch (DateTimeParseException e) {
            // Said below.
        }
        throw wrong(name, "a time like 2027-01-31T12:00:00Z");
    }

    <E extends Enum<E>> @Nullable E word(String name, Class<E> type) {
        String value = given.getFirst(name);
        if (value == null) {
            return null;
        }
        return Arrays.stream(type.getEnumConstants())
                .filter(one -> one.name().toLowerCase(Locale.ROOT).equals(value))
                .findFirst()
                .orElseThrow(() -> wrong(
                        name,
                        "one of "
                                + Arrays.stream(type.getEnumConstants())
                                        .map(one -> one.name().toLowerCase(Locale.ROOT))
                                        .collect(Collectors.joining(", "))));
    }

    private static RuntimeException wrong(String name, String expected) {
        return Problem.thrown(400, "the parameter '" + name + "' must be " + expected);
    }
}
