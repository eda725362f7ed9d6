/**
 * What answers are made of: tables for a terminal, numbers and times, JSON, error messages and options. The answers are in {@code answer}.
 *
 * <p>Commands and tasks share this package. It does not call the engine.
 */
@NullMarked
package org.registrybbm.app.internal.text;

import org.jspecify.annotations.NullMarked;
