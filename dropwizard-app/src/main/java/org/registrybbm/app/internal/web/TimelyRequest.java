package org.registrybbm.app.internal.web;

import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A request whose body has to come in time, however it is read. Admin tasks read forms as parameters, and the server would wait for these
 * without an end.
 */
final class TimelyRequest extends HttpServletRequestWrapper {
    private static final int MOST_BYTES = 64 * 1024;

    private final LongSupplier nanos;
    private @Nullable ServletInputStream body;
    private @Nullable BufferedReader reader;
    private @Nullable Map<String, String[]> parameters;

    TimelyRequest(HttpServletRequest request, LongSupplier nanos) {
        super(request);
        this.nanos = nanos;
    }

    @Override
    public ServletInputStream getInputStream() throws IOException {
        if (body == null) {
            body = new TimelyBody(super.getInputStream(), nanos);
        }
        return body;
    }

    @Override
    public BufferedReader getReader() throws IOException {
        if (reader == null) {
            reader = new BufferedReader(new InputStreamReader(getInputStream(), StandardCharsets.UTF_8));
        }
        return reader;
    }

    @Override
    public Map<String, String[]> getParameterMap() {
        if (parameters == null) {
            parameters = Collections.unmodifiableMap(isUnreadForm() ? withForm() : super.getParameterMap());
        }
        return parameters;
    }

    // Who reads a form as a body wants no parameters of it.
    private boolean isUnreadForm() {
        String type = getContentType();
        return body == null
                && type != null
                && type.toLowerCase(Locale.ROOT).startsWith("application/x-www-form-urlencoded");
    }

    private Map<String, String[]> withForm() {
        String form;
        try {
            byte[] bytes = getInputStream().readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw Problem.thrown(413, "the form is larger than " + MOST_BYTES / 1024 + " KB; nothing was changed");
            }
            form = new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("the form could not be read; nothing was changed", e);
        }
        // Nothing of the body is left, so these are those of the address.
        Map<String, String[]> all = new HashMap<>(super.getParameterMap());
        for (String pair : form.split("&")) {
            if (!pair.isEmpty()) {
                int equals = pair.indexOf('=');
                String name = decoded(equals < 0 ? pair : pair.substring(0, equals));
                String value = equals < 0 ? "" : decoded(pair.substring(equals + 1));
                all.merge(
                        name,
                        new String[] {value},
                        (before, more) ->
                                Stream.of(before, more).flatMap(Stream::of).toArray(String[]::new));
            }
        }
        return all;
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    @Override
    public @Nullable String getParameter(String name) {
        String[] values = getParameterValues(name);
        return values == null || values.length == 0 ? null : values[0];
    }

    @Override
    public String @Nullable [] getParameterValues(String name) {
        return getParameterMap().get(name);
    }

    @Override
    public Enumeration<String> getParameterNames() {
        return Collections.enumeration(getParameterMap().keySet());
    }
}
