package org.registrybbm.app.internal.logging;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.pattern.RootCauseFirstThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.pattern.PatternLayoutBase;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonTypeName;
import io.dropwizard.jackson.Jackson;
import io.dropwizard.logging.common.layout.DiscoverableLayoutFactory;
import io.dropwizard.logging.json.layout.JsonFormatter;
import io.dropwizard.logging.json.layout.TimestampFormatter;
import java.util.TimeZone;

/** Makes the log layout {@code registry}: JSON for programs, or text for people. */
@JsonTypeName("registry")
public final class RegistryLayoutFactory implements DiscoverableLayoutFactory<ILoggingEvent> {
    private static final String TEXT = "%date{ISO8601, UTC} %-5level %message %kvp{NONE}%n%rootException";

    @JsonProperty
    private Format format = Format.JSON;

    /** The format of a line. */
    public enum Format {
        /** One JSON object. */
        @JsonProperty("json")
        JSON,
        /** Text with key=value pairs. */
        @JsonProperty("text")
        TEXT
    }

    /** Returns a factory of lines for people. */
    public static RegistryLayoutFactory text() {
        RegistryLayoutFactory factory = new RegistryLayoutFactory();
        factory.format = Format.TEXT;
        return factory;
    }

    @Override
    public LayoutBase<ILoggingEvent> build(LoggerContext context, TimeZone timeZone) {
        LayoutBase<ILoggingEvent> layout = format == Format.JSON ? json(timeZone) : textLayout();
        layout.setContext(context);
        return layout;
    }

    private static LayoutBase<ILoggingEvent> json(TimeZone timeZone) {
        return new FieldsJsonLayout(
                new JsonFormatter(Jackson.newObjectMapper(), false, true),
                new TimestampFormatter("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", timeZone.toZoneId()),
                new RootCauseFirstThrowableProxyConverter());
    }

    private static PatternLayoutBase<ILoggingEvent> textLayout() {
        PatternLayout layout = new PatternLayout();
        layout.setPattern(TEXT);
        return layout;
    }
}
