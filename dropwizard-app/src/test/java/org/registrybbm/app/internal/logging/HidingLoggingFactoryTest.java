package org.registrybbm.app.internal.logging;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.codahale.metrics.MetricRegistry;
import io.dropwizard.logging.common.LoggingFactory;
import java.util.List;
import java.util.TimeZone;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

class HidingLoggingFactoryTest {
    private static final String SHOWN = "jdbc:postgresql://h/d?password=Geheim9";

    private final Logger logger = (Logger) LoggerFactory.getLogger("hiding.test");
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private final HidingLoggingFactory factory = new HidingLoggingFactory(new Appending());

    @AfterEach
    void detach() {
        factory.stop();
        logger.detachAppender(appender);
    }

    @Test
    void noAppenderIsGivenASecret() {
        factory.configure(new MetricRegistry(), "test");

        Exception cause = new IllegalStateException("cause of " + SHOWN);
        cause.addSuppressed(new IllegalStateException("suppressed " + SHOWN));
        logger.atWarn()
                .addKeyValue("url", SHOWN)
                .setCause(new IllegalStateException("outer " + SHOWN, cause))
                .log("could not read {}", SHOWN);

        assertThat(appender.list).hasSize(1);
        for (RegistryLayoutFactory layout : List.of(new RegistryLayoutFactory(), RegistryLayoutFactory.text())) {
            assertThat(text(layout))
                    .contains("could not read jdbc:postgresql://h/d?password=...", "cause of", "suppressed", "url")
                    .doesNotContain("Geheim9");
        }
        assertThat(appender.list.get(0).getMessage()).doesNotContain("Geheim9");
        assertThat(appender.list.get(0).getArgumentArray()).isNull();
    }

    @Test
    void whatWasConfiguredIsLeftAsItWas() {
        factory.configure(new MetricRegistry(), "test");
        assertThat(logger.isAttached(appender)).isFalse();

        factory.stop();

        assertThat(logger.isAttached(appender)).isTrue();
    }

    @Test
    void numbersStayNumbers() {
        LoggingEvent event = new LoggingEvent("x", logger, Level.INFO, "m", null, null);
        event.addKeyValuePair(new KeyValuePair("n", 5));

        assertThat(new HiddenEvent(event).getKeyValuePairs())
                .extracting(pair -> pair.value)
                .containsExactly(5);
    }

    private String text(RegistryLayoutFactory layoutFactory) {
        var layout =
                layoutFactory.build((LoggerContext) LoggerFactory.getILoggerFactory(), TimeZone.getTimeZone("UTC"));
        layout.start();
        return layout.doLayout(appender.list.get(0));
    }

    private final class Appending implements LoggingFactory {
        @Override
        public void configure(MetricRegistry metrics, String name) {
            appender.start();
            logger.addAppender(appender);
        }

        @Override
        public void stop() {}

        @Override
        public void reset() {}
    }
}
