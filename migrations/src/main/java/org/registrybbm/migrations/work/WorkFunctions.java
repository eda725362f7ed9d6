package org.registrybbm.migrations.work;

/**
 * The work functions of an application. A host can pass them to the engine in code. If it passes none, {@link java.util.ServiceLoader}
 * looks for implementations. These need a public constructor without parameters and an entry in
 * {@code META-INF/services/org.registrybbm.migrations.work.WorkFunctions}.
 */
@FunctionalInterface
public interface WorkFunctions {
    /**
     * Registers the work functions.
     *
     * @param registry the builder to add them to; it already holds the shipped ones
     */
    void register(WorkRegistry.Builder registry);
}
