/**
 * Formats what people read and parses what they write: tables for a terminal, JSON, error messages and options.
 *
 * <p>Commands and tasks share this package. It does not call the engine.
 */
@NullMarked
package org.registrybbm.app.internal.text;

import org.jspecify.annotations.NullMarked;
