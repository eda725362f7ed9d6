package org.registrybbm.migrations.event;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands events to listeners so that none of them can hurt the engine or another listener. */
public record SafeListener(List<MigrationListener> listeners) implements MigrationListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(SafeListener.class);

    @Override
    public void on(MigrationEvent event) {
        for (MigrationListener listener : listeners) {
            try {
                listener.on(event);
            } catch (RuntimeException | LinkageError e) {
                LOGGER.warn(
                        "a listener failed at {}; the engine goes on: {}",
                        event.getClass().getSimpleName(),
                        e.toString());
                LOGGER.debug("a listener failed", e);
            }
        }
    }
}
