/**
 * The advisory lock of the container registry's own software, and the gate that keeps the two apart on one database.
 *
 * <p>Reading that software's tables as they are is everybody's business.
 */
@NullMarked
package org.registrybbm.migrations.internal.registry;

import org.jspecify.annotations.NullMarked;
