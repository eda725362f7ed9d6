package org.registrybbm.app.internal.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.LoggerContextVO;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.secrets.Secrets;
import org.slf4j.Marker;
import org.slf4j.event.KeyValuePair;

/** Wraps a log event and hides the secrets in it, so that no appender can write them. */
final class HiddenEvent implements ILoggingEvent {
    private final ILoggingEvent event;
    private final String message;
    private final @Nullable IThrowableProxy thrown;
    private final @Nullable List<KeyValuePair> pairs;

    HiddenEvent(ILoggingEvent event) {
        this.event = event;
        this.message = Secrets.hide(String.valueOf(event.getFormattedMessage()));
        this.thrown = HiddenThrowable.of(event.getThrowableProxy());
        List<KeyValuePair> given = event.getKeyValuePairs();
        this.pairs =
                given == null ? null : given.stream().map(HiddenEvent::pair).toList();
    }

    private static KeyValuePair pair(KeyValuePair pair) {
        Object value = pair.value;
        return value == null || value instanceof Number || value instanceof Boolean
                ? pair
                : new KeyValuePair(pair.key, Secrets.hide(String.valueOf(value)));
    }

    @Override
    public String getMessage() {
        return message;
    }

    @Override
    public String getFormattedMessage() {
        return message;
    }

    @Override
    public Object @Nullable [] getArgumentArray() {
        // The arguments are in the formatted message already.
        return null;
    }

    @Override
    public @Nullable IThrowableProxy getThrowableProxy() {
        return thrown;
    }

    @Override
    public @Nullable List<KeyValuePair> getKeyValuePairs() {
        return pairs;
    }

    @Override
    public Map<String, String> getMDCPropertyMap() {
        Map<String, String> hidden = new LinkedHashMap<>(event.getMDCPropertyMap());
        hidden.replaceAll((key, value) -> Secrets.hide(String.valueOf(value)));
        return hidden;
    }

    @Override
    public Map<String, String> getMdc() {
        return getMDCPropertyMap();
    }

    @Override
    public String getThreadName() {
        return event.getThreadName();
    }

    @Override
    public Level getLevel() {
        return event.getLevel();
    }

    @Override
    public String getLoggerName() {
        return event.getLoggerName();
    }

    @Override
    public LoggerContextVO getLoggerContextVO() {
        return event.getLoggerContextVO();
    }

    @Override
    public StackTraceElement[] getCallerData() {
        return event.getCallerData();
    }

    @Override
    public boolean hasCallerData() {
        return event.hasCallerData();
    }

    @Override
    public @Nullable List<Marker> getMarkerList() {
        return event.getMarkerList();
    }

    @Override
    public long getTimeStamp() {
        return event.getTimeStamp();
    }

    @Override
    public int getNanoseconds() {
        return event.getNanoseconds();
    }

    @Override
    public long getSequenceNumber() {
        return event.getSequenceNumber();
    }

    @Override
    public void prepareForDeferredProcessing() {
        event.prepareForDeferredProcessing();
    }
}
