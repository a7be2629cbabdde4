export { formatInternalDate, parseInternalDate } from '../../../domain/internal-date.ts';
