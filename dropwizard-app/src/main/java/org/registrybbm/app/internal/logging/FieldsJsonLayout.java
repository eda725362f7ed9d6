package org.registrybbm.app.internal.logging;

import ch.qos.logback.classic.pattern.ThrowableHandlingConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.dropwizard.logging.json.EventAttribute;
import io.dropwizard.logging.json.layout.EventJsonLayout;
import io.dropwizard.logging.json.layout.JsonFormatter;
import io.dropwizard.logging.json.layout.TimestampFormatter;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.slf4j.event.KeyValuePair;

/** Writes one JSON object in each line. The key-value pairs of a log call become top-level keys; numbers and booleans keep their types. */
final class FieldsJsonLayout extends EventJsonLayout {
    FieldsJsonLayout(
            JsonFormatter jsonFormatter,
            TimestampFormatter timestampFormatter,
            ThrowableHandlingConverter throwableConverter) {
        super(
                jsonFormatter,
                timestampFormatter,
                throwableConverter,
                EnumSet.of(
                        EventAttribute.TIMESTAMP,
                        EventAttribute.LEVEL,
                        EventAttribute.THREAD_NAME,
                        EventAttribute.LOGGER_NAME,
                        EventAttribute.MESSAGE,
                        EventAttribute.MDC,
                        EventAttribute.EXCEPTION),
                Map.of(),
                Map.of(),
                Set.of(),
                true);
    }

    @Override
    protected Map<String, Object> toJsonMap(ILoggingEvent event) {
        Map<String, Object> map = super.toJsonMap(event);
        if (event.getKeyValuePairs() != null) {
            for (KeyValuePair pair : event.getKeyValuePairs()) {
                map.putIfAbsent(pair.key, plain(pair.value));
            }
        }
        return map;
    }

    private static Object plain(Object value) {
        return value instanceof Number || value instanceof Boolean ? value : String.valueOf(value);
    }
}
