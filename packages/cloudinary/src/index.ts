export { cloudinary } from "./cloudinary.js";
export type { CloudinaryOptions } from "./cloudinary-options.js";
export type { DeliveryType, MappingName } from "./mapping.js";
export {
  parseNotification,
  type CloudinaryNotification,
  type NotificationOptions,
  type NotificationRequest,
} from "./notification.js";
export { renameObject, type RenameOptions } from "./rename.js";
export { posterUrl, transformUrl, type TransformUrlOptions, type Transformation } from "./transform.js";
