package org.registrybbm.migrations.work;

/**
 * The work functions of an application. A host hands them over by code; where it hands over none, {@link java.util.ServiceLoader} looks for
 * implementations, which have a public constructor without parameters and are named in
 * {@code META-INF/services/org.registrybbm.migrations.work.WorkFunctions}.
 */
@FunctionalInterface
public interface WorkFunctions {
    /**
     * Registers the work functions.
     *
     * @param registry holds the shipped ones already
     */
    void register(WorkRegistry.Builder registry);
}
